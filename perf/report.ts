import { writeFile } from 'node:fs/promises';
import { type Command, CommandFailedError, readArguments, type Surroundings } from './command.ts';
import { weeklyReview } from './weeklyReview.ts';

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandFailedError(`The report was not written: ${message}`, { cause: error });
  }
}

const defaultFile = ({ now }: Surroundings): string =>
  `performance-report-${now.toISOString().slice(0, 10)}.md`;

/** Writes the review of the week as Markdown. */
export const report: Command = {
  usage: '[--output FILE]',
  read(args) {
    const { values } = readArguments(args, { output: { type: 'string' } });
    return async (surroundings) => {
      const file = values.output ?? defaultFile(surroundings);
      await write(file, await weeklyReview(surroundings));
      return `Wrote ${file}.`;
    };
  },
};
