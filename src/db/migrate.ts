import { existsSync } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import type { Knex } from 'knex';
import type { DatabaseAddress } from '../config.ts';
import { StartError } from '../errors.ts';
import { migrationDirectory } from './client.ts';
import { withMigrationLock } from './migrationLock.ts';

const messageOf = (error: unknown): string => {
  // A refused connection to a name with several addresses is an AggregateError without a message.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  // Knex puts the statement before the message, as it stands in the source: on many lines.
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
};

/** The address without its password. */
function shown(address: DatabaseAddress): string {
  if (address.kind === 'sqlite') return address.filename;
  const url = new URL(address.url);
  url.password = '';
  return url.href;
}

async function checkAnswers(db: Knex, address: DatabaseAddress): Promise<void> {
  try {
    await db.raw('SELECT 1');
  } catch (error) {
    throw new StartError(
      'DATABASE_UNREACHABLE',
      `The database ${shown(address)} can't be opened: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** The files of the migrations that this version has, in their order. */
export async function knownMigrations(): Promise<string[]> {
  return (await readdir(migrationDirectory)).filter((file) => file.endsWith('.ts')).sort();
}

/** Those that ran on this database, as Knex notes them. */
async function completedMigrations(db: Knex): Promise<string[]> {
  if (!(await db.schema.hasTable('knex_migrations'))) return [];
  return db('knex_migrations').orderBy('id').pluck('name');
}

/**
 * Whether every migration of this version has run: one small statement, given up after `timeoutMs`.
 * A newer version may have added others, which this one is made to live with.
 */
export async function isMigrated(
  db: Knex,
  address: DatabaseAddress,
  timeoutMs: number,
): Promise<boolean> {
  // SQLite goes on with an open file that was moved or deleted, and what it writes there is lost.
  if (address.kind === 'sqlite') await access(address.filename);
  const known = await knownMigrations();
  // PostgreSQL is told too that nobody waits: else a backend would stay behind each time.
  const completed: string[] = await db('knex_migrations')
    .pluck('name')
    .timeout(timeoutMs, { cancel: db.client.canCancelQuery });
  return known.every((name) => completed.includes(name));
}

/** Which migrations are still to run. Throws DATABASE_NEWER where one ran that this version lacks. */
async function pendingMigrations(db: Knex): Promise<string[]> {
  const known = await knownMigrations();
  const completed = await completedMigrations(db);
  const unknown = completed.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new StartError(
      'DATABASE_NEWER',
      `The database is newer than this version: it has ${unknown.join(', ')}. Start the version that made it, or undo with that version's \`npx knex migrate:down\`.`,
    );
  }
  return known.filter((name) => !completed.includes(name));
}

/**
 * For a command beside the service, which changes nothing to begin with. Throws DATABASE_UNREACHABLE,
 * DATABASE_NEWER or DATABASE_OLDER.
 */
export async function checkMigrated(db: Knex, address: DatabaseAddress): Promise<void> {
  // To connect to a file that is not there makes one.
  if (address.kind === 'sqlite' && !existsSync(address.filename)) {
    throw new StartError(
      'DATABASE_UNREACHABLE',
      `The database ${shown(address)} can't be opened: there is no such file`,
    );
  }
  await checkAnswers(db, address);
  const pending = await pendingMigrations(db);
  if (pending.length > 0) {
    throw new StartError(
      'DATABASE_OLDER',
      `The database is older than this version: it lacks ${pending.join(', ')}. The service brings it to this version when it starts.`,
    );
  }
}

/**
 * Brings the database to this version and gives the names of the migrations that ran. Only one process
 * migrates at a time. Throws DATABASE_UNREACHABLE, DATABASE_NEWER or MIGRATION_FAILED.
 */
export async function migrate(db: Knex, address: DatabaseAddress): Promise<string[]> {
  await checkAnswers(db, address);
  return withMigrationLock(address, async () => {
    if ((await pendingMigrations(db)).length === 0) return [];
    try {
      // We hold the real lock; what Knex's says is left from a process that died.
      await db.migrate.forceFreeMigrationsLock();
      const [, names]: [number, string[]] = await db.migrate.latest();
      return names;
    } catch (error) {
      throw new StartError(
        'MIGRATION_FAILED',
        `A migration failed: ${messageOf(error)}. What it did was undone, or is taken up at the next start.`,
        { cause: error },
      );
    }
  });
}
