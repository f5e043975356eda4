import { parseArgs } from 'node:util';
import { hashPassword } from '../src/auth/passwords.ts';
import { readConfig } from '../src/config.ts';
import { connect } from '../src/db/client.ts';
import { migrate } from '../src/db/migrate.ts';
import { environment } from '../src/environment.ts';
import { startOrExit } from '../src/startOrExit.ts';
import { type FillCounts, fillDemo, isFilled } from './fill.ts';
import { createProgress } from './progress.ts';

const PASSWORD = 'demo password';

interface Size {
  users: number;
  jobs: number;
}

class UsageError extends Error {}

function wholeNumber(name: string, text: string, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= 1 && number <= most) return number;
  throw new UsageError(`--${name} is "${text}"; it takes a whole number from 1 to ${most}`);
}

/** Throws a UsageError for an option that is not ours. */
function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        users: { type: 'string', default: '100' },
        jobs: { type: 'string', default: '5000' },
      },
    }).values;
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

function readSize(args: string[]): Size {
  const { users, jobs } = parsed(args);
  return {
    users: wholeNumber('users', users, 100_000),
    jobs: wholeNumber('jobs', jobs, 10_000_000),
  };
}

/** The size that was asked for; where that can't be read, says why and exits as commands do. */
function readSizeOrExit(args: string[]): Size {
  try {
    return readSize(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

const written = (count: number): string => count.toLocaleString('en');

function report(made: FillCounts, seconds: number): string {
  return `Made ${written(made.users)} users, ${written(made.jobs)} jobs, ${written(made.metadata)} of them with metadata, ${written(made.segments)} segments and ${written(made.auditLogs)} audit log entries in ${seconds.toFixed(1)} s.
The new users have the password "${PASSWORD}"; "admin" is the administrator.`;
}

async function seed({ users, jobs }: Size): Promise<void> {
  const startedAt = performance.now();
  const { database } = readConfig(environment());
  const db = connect(database);
  try {
    await migrate(db, database.address);
    if (await isFilled(db)) {
      console.log('The database has jobs already, so nothing was made.');
      return;
    }
    const progress = createProgress(
      `Making ${written(jobs)} jobs of ${written(users)} users`,
      jobs,
    );
    const hashedPassword = await hashPassword(PASSWORD);
    const made = await fillDemo(db, {
      users,
      jobs,
      now: new Date(),
      hashedPassword,
      onProgress: progress.update,
    });
    progress.stop();
    console.log(report(made, (performance.now() - startedAt) / 1000));
  } finally {
    await db.destroy();
  }
}

const size = readSizeOrExit(process.argv.slice(2));
await startOrExit(() => seed(size));
