import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import { LRUCache } from 'lru-cache';

/** What a statement gives: its rows, or what it changed where it returns none. */
export type SqliteOutcome =
  | { kind: 'rows'; rows: unknown[] }
  | { kind: 'change'; changes: number; lastInsertRowid: number | bigint };

/** A column of an answer; its table and the type it was declared with are null for what was computed. */
export interface SqliteColumn {
  name: string;
  table: string | null;
  type: string | null;
}

/** How long a connection waits for another's lock. */
const BUSY_TIMEOUT_MS = 5000;

/** Whether another connection writes, so that it may succeed a moment later. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';

/**
 * Tries until nobody else writes. SQLite could wait by itself, but that would hold up the thread: and so,
 * where our own other thread is in a transaction, the very one that it waits for.
 */
export async function untilFree<Result>(attempt: () => Result | Promise<Result>): Promise<Result> {
  const giveUpAt = Date.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || Date.now() > giveUpAt) throw error;
      // Not all at the same moment.
      await sleep(1 + Math.random() * 9);
    }
  }
}

/** Statements kept prepared on a connection; more shapes than the API has. */
const PREPARED_STATEMENTS = 1000;

/** A file as a connection opens it. */
export interface SqliteFile {
  filename: string;
  isReadOnly?: boolean;
  /** Whether a thread of the service copies the log into the file. Else who comes to its thousandth page does. */
  leavesLog?: boolean;
}

/** Pages of the log that are left to another thread: far more than it leaves, but where it fails. */
export const LEFT_PAGES = 100_000;

/** A connection on the thread that asks, so its statements hold that up. */
export class SqliteConnection {
  readonly #database: Database;
  readonly #prepared = new LRUCache<string, Statement>({ max: PREPARED_STATEMENTS });
  /** The driver's own property goes through to C++, 0.1 µs each time. */
  isOpen = true;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Opens the file, which is made where it is not there. */
  static async open({
    filename,
    isReadOnly = false,
    leavesLog = false,
  }: SqliteFile): Promise<SqliteConnection> {
    mkdirSync(dirname(filename), { recursive: true });
    const database = new SqliteDatabase(filename);
    // Two that open a new file at once both read it and both want to change it: SQLite refuses one of them.
    await untilFree(() => database.pragma('journal_mode = WAL'));
    // With WAL, NORMAL cannot corrupt the file; a power cut may lose the last commits.
    database.pragma('synchronous = NORMAL');
    database.pragma('busy_timeout = 0');
    database.pragma('foreign_keys = ON');
    // In KiB because it is negative: 64 MiB of pages, and 256 MiB read through the page cache of the system.
    database.pragma('cache_size = -65536');
    database.pragma('mmap_size = 268435456');
    database.pragma('temp_store = MEMORY');
    if (leavesLog) database.pragma(`wal_autocheckpoint = ${LEFT_PAGES}`);
    if (isReadOnly) database.pragma('query_only = ON');
    return new SqliteConnection(database);
  }

  #prepare(sql: string): Statement {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  /** `asArrays`: each row as the values of its columns, in order. */
  run(sql: string, bindings: readonly unknown[], asArrays: boolean): SqliteOutcome {
    const statement = this.#prepare(sql);
    if (statement.reader) return { kind: 'rows', rows: statement.raw(asArrays).all(bindings) };
    const { changes, lastInsertRowid } = statement.run(bindings);
    return { kind: 'change', changes, lastInsertRowid };
  }

  /** The columns that a statement would answer with; it is not run. */
  columns(sql: string): SqliteColumn[] {
    return this.#prepare(sql)
      .columns()
      .map(({ name, table, type }) => ({ name, table, type }));
  }

  close(): void {
    this.isOpen = false;
    this.#database.close();
  }
}

export const rowCountOf = (outcome: SqliteOutcome): number =>
  outcome.kind === 'rows' ? outcome.rows.length : outcome.changes;
