import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Knex } from 'knex';
import type { Config } from '../src/config.ts';
import type { Window } from '../src/perf/resolutions.ts';

/** What a command works with. */
export interface Surroundings {
  db: Knex;
  config: Config;
  now: Date;
  /** Characters that a line has room for. */
  width: number;
}

/** Answers with what is to be printed. */
export type Run = (surroundings: Surroundings) => Promise<string>;

export interface Command {
  /** Its options, as one types them. */
  usage: string;
  /** Reads what was typed, before anything is done. Throws a UsageError. */
  read(args: string[]): Run;
}

export const windowNames: readonly Window[] = ['minute', 'hour', 'day', 'week', 'month'];

/** What was typed makes no sense. */
export class UsageError extends Error {}

/** The command was understood, and can't be done. */
export class CommandFailedError extends Error {}

/** Like parseArgs; throws a UsageError for what is not asked for. */
export function readArguments<const Options extends ParseArgsConfig['options']>(
  args: string[],
  options: Options,
  { allowPositionals = false } = {},
) {
  try {
    return parseArgs({ args, options, allowPositionals });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // What follows the first sentence is about how to write file names that begin with a dash.
    throw new UsageError(error.message.split('. ')[0]);
  }
}

export function wholeNumber(name: string, text: string, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= 1 && number <= most) return number;
  throw new UsageError(`--${name} is "${text}"; it takes a whole number from 1 to ${most}`);
}

export function oneOf<Choice extends string>(
  name: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice) return choice;
  throw new UsageError(`--${name} is "${text}"; it takes ${choices.join(', ')}`);
}
