import { readConfig } from '../src/config.ts';
import { connect } from '../src/db/client.ts';
import { checkMigrated } from '../src/db/migrate.ts';
import { environment } from '../src/environment.ts';
import { startOrExit } from '../src/startOrExit.ts';
import { activity } from './activity.ts';
import { type Command, CommandFailedError, type Run, UsageError } from './command.ts';
import { indexes } from './indexes.ts';
import { analyze, recount, reindex } from './maintenance.ts';
import { report } from './report.ts';
import { slow } from './slow.ts';
import { summary } from './summary.ts';

const commands: Record<string, Command> = {
  summary,
  slow,
  indexes,
  activity,
  analyze,
  reindex,
  recount,
  report,
};

/** Characters of a line where no terminal says how many it has, and the fewest that are sent to one. */
const WIDTH = 120;
const NARROWEST = 80;

const usageOf = (name: string): string =>
  `npm run perf -- ${name} ${commands[name]?.usage ?? ''}`.trim();

/** Throws a UsageError, with what could have been typed. */
function read([name = '', ...args]: string[]): Run {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const fault = name === '' ? 'A command is missing' : `There is no command "${name}"`;
    throw new UsageError(`${fault}; usage: npm run perf -- ${Object.keys(commands).join('|')}`);
  }
  try {
    return command.read(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}; usage: ${usageOf(name)}`);
  }
}

function readOrExit(args: string[]): Run {
  try {
    return read(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

async function perform(run: Run): Promise<void> {
  const config = readConfig(environment());
  const { address } = config.database;
  const db = connect({ address, poolSize: 1 });
  try {
    await checkMigrated(db, address);
    const width = Math.max(NARROWEST, process.stdout.columns ?? WIDTH);
    console.log(await run({ db, config, now: new Date(), width }));
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    await db.destroy();
  }
}

const run = readOrExit(process.argv.slice(2));
await startOrExit(() => perform(run));
