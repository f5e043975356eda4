import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Statement } from 'better-sqlite3';
import type { Knex } from 'knex';
import BetterSqlite3Client from 'knex/lib/dialects/better-sqlite3/index.js';
import { LRUCache } from 'lru-cache';
import type { Dialect, PageOfEachParent } from './dialect.ts';
import { observed } from './observed.ts';

/** Statements kept prepared on a connection; more shapes than the API has. */
const PREPARED_STATEMENTS = 1000;

const prepared = new WeakMap<Database, LRUCache<string, Statement>>();

function prepare(connection: Database, sql: string): Statement {
  let statements = prepared.get(connection);
  if (!statements) {
    statements = new LRUCache({ max: PREPARED_STATEMENTS });
    prepared.set(connection, statements);
  }
  let statement = statements.get(sql);
  if (!statement) {
    statement = connection.prepare(sql);
    statements.set(sql, statement);
  }
  return statement;
}

/** How long a connection waits for another's lock. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Two that open a new file at once both read it and both want to change it. SQLite refuses one of them
 * without waiting, since neither would give way; so it is this one that tries again.
 */
async function switchToWal(connection: Database): Promise<void> {
  const giveUpAt = Date.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      connection.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
      if (!isBusy || Date.now() > giveUpAt) throw error;
      await sleep(20);
    }
  }
}

interface Query {
  sql: string;
  bindings?: readonly unknown[];
  response?: unknown;
  context?: { lastID: number | bigint; changes: number };
}

/** Knex's client for better-sqlite3, with prepared statements and a listener for what is sent. */
export class SqliteClient extends BetterSqlite3Client {
  override async acquireRawConnection(): Promise<Database> {
    mkdirSync(dirname(this.connectionSettings.filename), { recursive: true });
    const connection = await super.acquireRawConnection();
    await switchToWal(connection);
    // With WAL, NORMAL cannot corrupt the file; a power cut may lose the last commits.
    connection.pragma('synchronous = NORMAL');
    connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    connection.pragma('foreign_keys = ON');
    // In KiB because it is negative: 64 MiB of pages, and 256 MiB read through the page cache of the system.
    connection.pragma('cache_size = -65536');
    connection.pragma('mmap_size = 268435456');
    connection.pragma('temp_store = MEMORY');
    return connection;
  }

  /** `+?`: SQLite is built with STAT4, and would plan anew for each value that it can see. */
  positionBindings(sql: string): string {
    return sql.replace(/(\\?)\?/g, (_, escaped: string) => (escaped ? '?' : '+?'));
  }

  async _query(connection: Database, query: Query): Promise<Query> {
    const statement = prepare(connection, query.sql);
    const bindings = this._formatBindings(query.bindings);
    return observed(this.config, query.sql, bindings, () => {
      if (statement.reader) {
        const rows = statement.all(bindings);
        query.response = rows;
        return { result: query, rowCount: rows.length };
      }
      const outcome = statement.run(bindings);
      query.response = outcome;
      query.context = { lastID: outcome.lastInsertRowid, changes: outcome.changes };
      return { result: query, rowCount: outcome.changes };
    });
  }
}

export const sqlite: Dialect = {
  isAnyOf: (column) => `${column} IN (SELECT value FROM json_each(?))`,
  keyList: (keys) => JSON.stringify(keys),
  eachKey: (_type, alias = 'k') => `json_each(?) AS ${alias}`,
  nullsLowest: (column, kind) => `coalesce(${column}, ${kind === 'number' ? '-1' : "''"})`,
  lowest: (kind) => (kind === 'number' ? -1 : ''),
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
          sqlite.keyList(parents),
          first,
        ]),
      );
  },
  day: (column) => `substr(${column}, 1, 10)`,
  search: {
    query: (words) => words.map((word) => `"${word}"`).join(' '),
    jobs: `SELECT keys.job_id, -bm25(job_search) AS score
             FROM job_search JOIN job_search_keys AS keys ON keys.id = job_search.rowid
            WHERE job_search MATCH ?`,
    segments: `SELECT rowid AS segment_id, -bm25(segment_search) AS score
                 FROM segment_search WHERE segment_search MATCH ?`,
  },
};
