import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Knex } from 'knex';
import BetterSqlite3Client from 'knex/lib/dialects/better-sqlite3/index.js';
import SqliteTransaction, {
  type TransactionOptions,
} from 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js';
import { type Dialect, isNumeric, type PageOfEachParent, plain } from './dialect.ts';
import { askerOf, awaited, observed, observedAtOnce } from './observed.ts';
import { answerOf } from './rehearsalConfig.ts';
import { watchSqliteAccounts } from './sqliteAccountChanges.ts';
import {
  isBusy,
  rowCountOf,
  type SqliteColumn,
  SqliteConnection,
  type SqliteOutcome,
  untilFree,
} from './sqliteConnection.ts';
import { watchSqliteJobs } from './sqliteJobChanges.ts';
import { sqlitePlans } from './sqlitePlans.ts';
import { sqliteSearch } from './sqliteSearch.ts';
import { SqliteThreadConnection } from './sqliteThreadConnection.ts';
import { Turns } from './turns.ts';

/** A statement as Knex hands it to its client, and takes it back. */
interface Query {
  sql: string;
  bindings?: readonly unknown[];
  /** Whether a row is to be the values of its columns, in order. */
  asArrays?: boolean;
  response?: unknown;
  context?: { lastID: number | bigint; changes: number };
}

/** A connection on whatever thread: one that is elsewhere answers later. */
export interface AnyThreadConnection {
  readonly isOpen: boolean;
  run(
    sql: string,
    bindings: readonly unknown[],
    asArrays: boolean,
  ): SqliteOutcome | Promise<SqliteOutcome>;
  columns(sql: string): SqliteColumn[] | Promise<SqliteColumn[]>;
  close(): void | Promise<void>;
}

const answered = (query: Query, outcome: SqliteOutcome): { result: Query; rowCount: number } => {
  if (outcome.kind === 'rows') query.response = outcome.rows;
  else {
    query.response = outcome;
    query.context = { lastID: outcome.lastInsertRowid, changes: outcome.changes };
  }
  return { result: query, rowCount: rowCountOf(outcome) };
};

/** What is synchronous stays so, but where it has to wait. */
function orUntilFree(
  run: () => SqliteOutcome | Promise<SqliteOutcome>,
): SqliteOutcome | Promise<SqliteOutcome> {
  try {
    const outcome = run();
    if (!(outcome instanceof Promise)) return outcome;
    return outcome.catch((error) => (isBusy(error) ? untilFree(run) : Promise.reject(error)));
  } catch (error) {
    if (!isBusy(error)) throw error;
    return untilFree(run);
  }
}

/**
 * Ours all write. Begun without saying so, one that reads first and finds that another process wrote
 * since is refused at once; so each asks for the right to write first, and waits for it.
 */
class WriteTransaction extends SqliteTransaction {
  override async begin(connection: object): Promise<unknown> {
    // Nothing waits in a transaction on the own thread, so many of them would be one long turn of the event loop.
    await nextTurn();
    return this.query(connection, 'BEGIN IMMEDIATE;');
  }
}

/** Knex's client for better-sqlite3, with prepared statements and a listener for what is sent. */
export class SqliteClient extends BetterSqlite3Client {
  async acquireRawConnection(): Promise<AnyThreadConnection> {
    return SqliteConnection.open(this.connectionSettings);
  }

  override acquireConnection(): Promise<object> {
    return awaited(() => super.acquireConnection());
  }

  async destroyRawConnection(connection: AnyThreadConnection): Promise<void> {
    await connection.close();
  }

  validateConnection(connection: AnyThreadConnection): boolean {
    return connection.isOpen;
  }

  override transaction(...options: TransactionOptions): SqliteTransaction {
    return new WriteTransaction(this, ...options);
  }

  /** `+?`: SQLite is built with STAT4, and would plan anew for each value that it can see. */
  positionBindings(sql: string): string {
    return sql.replace(/(\\?)\?/g, (_, escaped: string) => (escaped ? '?' : '+?'));
  }

  async _query(connection: AnyThreadConnection, query: Query): Promise<Query> {
    const bindings = this._formatBindings(query.bindings);
    const run = () => connection.run(query.sql, bindings, query.asArrays ?? false);
    return observed(this.config, { connection, sql: query.sql, bindings }, () => {
      const outcome = orUntilFree(run);
      return outcome instanceof Promise
        ? outcome.then((later) => answered(query, later))
        : answered(query, outcome);
    });
  }

  /**
   * The rows of a statement, at once, where nobody has the connection. Knex's pool would take a timer and some
   * turns to lend it; what is over before anybody else can ask needs none. Null where it has to be lent.
   */
  rowsAtOnce({ sql, bindings, asArrays = false }: Query): unknown[] | null {
    if (!this.pool || this.pool.numPendingAcquires() > 0) return null;
    const connection = this.pool.free[0]?.resource;
    if (!(connection instanceof SqliteConnection) || !connection.isOpen) return null;
    const values = this._formatBindings(bindings);
    return observedAtOnce(this.config, { connection, sql, bindings: values }, () => {
      try {
        const outcome = connection.run(sql, values, asArrays);
        if (outcome.kind !== 'rows') throw new TypeError('It is no statement that gives rows.');
        return { result: outcome.rows, rowCount: outcome.rows.length };
      } catch (error) {
        if (isBusy(error)) return null;
        throw error;
      }
    });
  }
}

/** The same on a thread of its own, so that a slow statement holds nobody up. */
export class SqliteThreadClient extends SqliteClient {
  override async acquireRawConnection(): Promise<AnyThreadConnection> {
    return new SqliteThreadConnection(this.connectionSettings);
  }
}

/** Reads alone, on threads of its own, which those who ask take turns on. */
export class SqliteReadingClient extends SqliteClient {
  readonly #turns = new Turns(1, () => false);

  override async acquireRawConnection(): Promise<AnyThreadConnection> {
    return new SqliteThreadConnection({ ...this.connectionSettings, isReadOnly: true });
  }

  /** Waiting for a turn is waiting for a connection. */
  override acquireConnection(): Promise<object> {
    return awaited(() =>
      this.#turns.acquire(askerOf(this.config), () => super.acquireConnection()),
    );
  }

  override releaseConnection(connection: object): Promise<void> {
    return this.#turns.release(connection, () => super.releaseConnection(connection));
  }
}

/** Writes the same SQL and has no connection to send it by. */
class SqliteRehearsalClient extends SqliteClient {
  override async acquireConnection(): Promise<object> {
    return {};
  }

  override async releaseConnection(): Promise<void> {}

  override async _query(_connection: unknown, query: Query): Promise<Query> {
    const bindings = this._formatBindings(query.bindings);
    const rows = await answerOf(this.config)({ sql: query.sql, bindings });
    query.response = query.asArrays ? rows.map((row) => Object.values(row)) : rows;
    return query;
  }
}

const isAnyOf = (column: string): string => `${column} IN (SELECT value FROM json_each(?))`;

export const sqlite: Dialect = {
  // Its client writes `+?` for each.
  unseen: plain,
  isAnyOf,
  isAnyKey: isAnyOf,
  keyList: (keys) => JSON.stringify(keys),
  eachKey: (_type, alias = 'k') => `json_each(?) AS ${alias}`,
  nullsLowest: (column, kind) => `coalesce(${column}, ${isNumeric(kind) ? '-1' : "''"})`,
  lowest: (kind) => (isNumeric(kind) ? -1 : ''),
  pageOfEachParent(
    db: Knex,
    { table, columns, parentColumn, parentType, parents, narrow }: PageOfEachParent,
  ) {
    const first = narrow(
      db(table).select(`${table}.rowid`).whereRaw(`${table}.${parentColumn} = k.value`),
    );
    // CROSS keeps the planner from turning the join round and reading the whole table.
    return db
      .select(columns.map((column) => `page.${column}`))
      .from(
        db.raw(`${sqlite.eachKey(parentType)} CROSS JOIN ${table} AS page ON page.rowid IN ?`, [
          parents,
          first,
        ]),
      );
  },
  joinOne: ({ table, keyColumn, key }) => `LEFT JOIN ${table} ON ${table}.${keyColumn} = ${key}`,
  day: (column) => `substr(${column}, 1, 10)`,
  isOnDay: (column, day) => `substr(${column}, 1, 10) = ${day}`,
  secondsOf: (column) => `unixepoch(${column})`,
  rowsFromJson: (_table, columns) =>
    // jsonb_each and not json_each, which would write each row as text for ->> to parse again.
    `SELECT ${columns.map((column) => `value ->> '${column}' AS ${column}`).join(', ')} FROM jsonb_each(?)`,
  entriesOf: (column) => `json_each(${column})`,
  listOf: (column) => `json_group_array(${column})`,
  plans: sqlitePlans,
  // Knex's types know no clients but its own.
  rehearsalClient: SqliteRehearsalClient as unknown as typeof Knex.Client,
  search: sqliteSearch,
  watchJobs: (db, listener) => watchSqliteJobs(db.client.config.connection.filename, listener),
  watchAccounts: (db, listener) =>
    watchSqliteAccounts(db.client.config.connection.filename, listener),
};
