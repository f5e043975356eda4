import knex, { type Knex } from 'knex';
import type { DatabaseAddress } from '../config.ts';
import type { Dialect, StatementListener } from './dialect.ts';
import type { ObservedConfig } from './observed.ts';
import { PostgresqlClient, PostgresqlReadingClient, postgres } from './postgres.ts';
import { SqliteClient, SqliteReadingClient, SqliteThreadClient, sqlite } from './sqlite.ts';

/** The folder of the migrations; Knex imports the TypeScript as it is. */
export const migrationDirectory = new URL('../../migrations/', import.meta.url).pathname;

interface ConnectOptions {
  address: DatabaseAddress;
  poolSize: number;
  onStatement?: StatementListener;
  /** On SQLite, statements run on a thread of their own: for those that may be slow. */
  ownThread?: boolean;
  /** On SQLite, statements read only, in turns of who asks: whose the statement is that is being sent. */
  asker?: () => unknown;
  /** On SQLite, another thread copies the log into the file, and not who writes: `createCheckpoints`. */
  leavesLog?: boolean;
  /** On PostgreSQL, nothing can be changed and nothing takes longer than two seconds: for plans. */
  onlyPlans?: boolean;
  /** On PostgreSQL, a statement fails that waits so long for a lock. */
  lockTimeoutMs?: number;
}

/** Planning is quick; what takes longer waits for a lock. */
const planSettings = ['default_transaction_read_only=on', 'statement_timeout=2000'];

const silent = (): void => {};

/** Knex's types know neither its dialects' classes nor that `client` may be one of ours. */
const clientClass = (ours: unknown): typeof Knex.Client => ours as typeof Knex.Client;

/** Knex's configuration for a database; the knexfile and the service share it. */
export function knexConfig({
  address,
  poolSize,
  onStatement,
  ownThread,
  asker,
  leavesLog,
  onlyPlans,
  lockTimeoutMs,
}: ConnectOptions): ObservedConfig {
  const shared = {
    ...(onStatement && { onStatement }),
    // Each migration opens its own transactions: CREATE INDEX CONCURRENTLY can't run in one.
    migrations: { directory: migrationDirectory, disableTransactions: true },
    compileSqlOnError: false,
    // What Knex would print is thrown too, and said once by who catches it.
    log: { warn: silent, error: silent, deprecate: silent, debug: silent },
  };
  if (address.kind === 'sqlite') {
    return {
      ...shared,
      ...(asker && { asker, pool: { min: 1, max: poolSize } }),
      client: clientClass(
        asker ? SqliteReadingClient : ownThread ? SqliteThreadClient : SqliteClient,
      ),
      connection: { filename: address.filename, ...(leavesLog && { leavesLog }) },
      useNullAsDefault: true,
    };
  }
  return {
    ...shared,
    client: clientClass(PostgresqlClient),
    connection: {
      connectionString: address.url,
      connectionTimeoutMillis: 5000,
      // How PostgreSQL names the session; an application_name in the URL goes before it.
      application_name: 'whisper-transcriber-api',
      // In the greeting of a connection, not in a statement of its own.
      options: [
        'TimeZone=UTC',
        ...(onlyPlans ? planSettings : []),
        ...(lockTimeoutMs === undefined ? [] : [`lock_timeout=${lockTimeoutMs}`]),
      ]
        .map((setting) => `-c ${setting}`)
        .join(' '),
    },
    pool: { min: 0, max: poolSize },
    acquireConnectionTimeout: 10_000,
  };
}

/** The database, by the two ways there are to it. */
export interface Databases {
  /** For what changes something, and for what reads no more than it answers. */
  db: Knex;
  /**
   * For what may read far more than it answers: who asks for many has them one after the other. On SQLite
   * they are off the thread that serves and can't change anything; on PostgreSQL the connections are `db`'s.
   */
  longReads: Knex;
}

/** So that a statement of seconds leaves one for the others. */
const READING_THREADS = 2;

/** Both ways to a database; `asker` tells whose the statement is that is being sent. */
export function connectBoth(
  options: Pick<ConnectOptions, 'address' | 'poolSize' | 'onStatement' | 'leavesLog'>,
  asker: () => unknown,
): Databases {
  const db = connect(options);
  if (options.address.kind === 'sqlite') {
    return { db, longReads: connect({ ...options, poolSize: READING_THREADS, asker }) };
  }
  const { connection, pool, ...config } = knexConfig(options);
  const longReads: ObservedConfig = {
    ...config,
    client: clientClass(PostgresqlReadingClient),
    connectionPool: db.client.pool,
    asker,
  };
  return { db, longReads: knex(longReads) };
}

export function connect(options: ConnectOptions): Knex {
  return knex(knexConfig(options));
}

/** The driver is named on the client's prototype, which transactions share. */
export function dialectOf(db: Knex): Dialect {
  return db.client.driverName === 'better-sqlite3' ? sqlite : postgres;
}

/**
 * Runs SQL text and gives its rows; the drivers answer raw statements in two shapes. With `timeoutMs` it is
 * given up after that.
 */
export async function select<Row>(
  db: Knex,
  sql: string,
  bindings: readonly Knex.RawBinding[] = [],
  timeoutMs?: number,
): Promise<Row[]> {
  const query = db.raw(sql, bindings);
  if (timeoutMs !== undefined) query.timeout(timeoutMs, { cancel: db.client.canCancelQuery });
  // What a raw statement gives is up to its text, which Knex's types can't read.
  const answer = (await query) as unknown as Row[] | { rows: Row[] };
  return Array.isArray(answer) ? answer : answer.rows;
}
