import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import PostgresClient from 'knex/lib/dialects/postgres/index.js';
import { LRUCache } from 'lru-cache';
import pg, { type Client, type QueryResult } from 'pg';
import {
  type Dialect,
  isNumeric,
  type KeyType,
  type OrderingKind,
  type PageOfEachParent,
} from './dialect.ts';
import { askerOf, awaited, observed } from './observed.ts';
import { watchPostgresAccounts } from './postgresAccountChanges.ts';
import { watchPostgresJobs } from './postgresJobChanges.ts';
import { postgresPlans } from './postgresPlans.ts';
import { postgresSearch } from './postgresSearch.ts';
import { countPrepared, sendNamed } from './postgresStatement.ts';
import { answerOf } from './rehearsalConfig.ts';
import { Turns } from './turns.ts';

const { builtins } = pg.types;
const integerTypes: ReadonlySet<number> = new Set([builtins.INT8, builtins.NUMERIC]);

/** `2026-03-01 12:00:00.5+00` (the session is in UTC) as ISO-8601 with milliseconds, as SQLite stores it. */
const isoTime = (text: string): string =>
  `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(3, '0')}Z`;

/** Values as SQLite gives them: times as ISO text, big integers as numbers (ours stay below 2^53). */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === builtins.TIMESTAMPTZ) return isoTime;
    if (integerTypes.has(oid)) return Number;
    return format === 'binary'
      ? pg.types.getTypeParser(oid, 'binary')
      : pg.types.getTypeParser(oid, 'text');
  },
};

/** Texts that have a name, so that PostgreSQL keeps their plan; far more than the API has. */
const statementNames = new LRUCache<string, string>({ max: 5000 });

function statementName(sql: string): string {
  let name = statementNames.get(sql);
  if (!name) {
    name = createHash('sha256').update(sql).digest('base64url').slice(0, 22);
    statementNames.set(sql, name);
  }
  return name;
}

interface Query {
  sql: string;
  bindings?: readonly unknown[];
  /** Whether a row is to be the values of its columns, in order. */
  asArrays?: boolean;
  response?: QueryResult;
}

/**
 * Statements that a connection may have prepared, which are some 60 kB each in PostgreSQL's memory. pg gives up
 * none of them, so a connection that has more is closed.
 */
const PREPARED_STATEMENTS = 500;

/** Only these gain from a plan that is kept; DDL and transaction control do not. */
const planned = /^\s*(select|insert|update|delete|with)\b/i;

/**
 * A connection that is free and whole, where nobody waits for one. Tarn lends the same, by a dozen promises and two
 * timers: a tenth of a request for one job.
 */
function takeFree(client: PostgresqlClient): object | null {
  const { pool } = client;
  const free = pool?.free.at(-1);
  if (!pool || pool.destroyed || !free || pool.numPendingAcquires() > 0) return null;
  if (free.resource.__knex__disposed || !client.validateConnection(free.resource)) return null;
  pool.free.pop();
  pool.used.push(free);
  return free.resource;
}

/** Knex's client for PostgreSQL, with named statements and a listener for what is sent. */
export class PostgresqlClient extends PostgresClient {
  override acquireConnection(): Promise<object> {
    return awaited(async () => takeFree(this) ?? super.acquireConnection());
  }

  /** Asked by the pool before it lends a connection. */
  validateConnection(connection: Client): boolean {
    return countPrepared(connection) <= PREPARED_STATEMENTS;
  }

  async _query(connection: Client, query: Query): Promise<Query> {
    const bindings = query.bindings ?? [];
    const { sql: text, asArrays = false } = query;
    return observed(this.config, { connection, sql: text, bindings }, async () => {
      query.response = planned.test(text)
        ? await sendNamed(connection, {
            name: statementName(text),
            text,
            values: bindings,
            asArrays,
            parserOf: types.getTypeParser,
          })
        : await connection.query({ text, values: [...bindings], types });
      return { result: query, rowCount: query.response.rowCount ?? 0 };
    });
  }
}

/** Who asks has a quarter of the connections, so that there are some for others. */
const SHARE = 1 / 4;

/** And more while no more than half of them are in use: whoever comes then finds a share that is free. */
const SPARE = 1 / 2;

/** Sends by the connections of another client, which those who ask take turns on. */
export class PostgresqlReadingClient extends PostgresqlClient {
  readonly #turns = new Turns(Math.max(1, this.#partOfPool(SHARE)), (running) => {
    const used = Math.max(running, this.pool?.used.length ?? 0);
    return used < this.#partOfPool(SPARE);
  });

  #partOfPool(part: number): number {
    return Math.floor((this.pool?.max ?? 1) * part);
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
class PostgresqlRehearsalClient extends PostgresqlClient {
  override async acquireConnection(): Promise<object> {
    return {};
  }

  override async releaseConnection(): Promise<void> {}

  override async _query(_connection: unknown, query: Query): Promise<Query> {
    const { sql, bindings = [] } = query;
    const supposed = await answerOf(this.config)({ sql, bindings });
    const rows = query.asArrays ? supposed.map((row) => Object.values(row)) : supposed;
    const response = { command: 'SELECT', rows, rowCount: rows.length, oid: 0, fields: [] };
    return Object.assign(query, { response });
  }
}

const typeNames: Record<OrderingKind, string> = {
  time: 'timestamptz',
  real: 'float8',
  integer: 'int',
  bigInteger: 'bigint',
  text: 'text',
};

const unseen = (typeName: string): string => `(SELECT ?::${typeName})`;

/** The planner knows how long a list is that it sees, and takes any other for one of ten keys. */
const unseenList = (type: KeyType): string => unseen(`${typeNames[type]}[]`);

export const postgres: Dialect = {
  unseen: (kind) => unseen(typeNames[kind]),
  isAnyOf: (column, type) => `${column} = ANY(?::${typeNames[type]}[])`,
  // Cast again, since ANY takes a SELECT in brackets for rows.
  isAnyKey: (column, type) => `${column} = ANY(${unseenList(type)}::${typeNames[type]}[])`,
  // An array that is one parameter; Knex passes it on as it is.
  keyList: (keys) => [...keys] as unknown as Knex.RawBinding,
  eachKey: (type, alias = 'k') =>
    `unnest(${unseenList(type)}) WITH ORDINALITY AS ${alias}(value, key)`,
  nullsLowest: (column, kind) => {
    if (kind === 'time') return `coalesce(${column}, '-infinity'::timestamptz)`;
    return `coalesce(${column}, ${isNumeric(kind) ? '-1' : "''"})`;
  },
  lowest: (kind) => (kind === 'time' ? '-infinity' : isNumeric(kind) ? -1 : ''),
  pageOfEachParent(
    db: Knex,
    { table, columns, parentColumn, parentType, parents, narrow }: PageOfEachParent,
  ) {
    const first = narrow(
      db(table)
        .select(columns.map((column) => `${table}.${column}`))
        .whereRaw(`${table}.${parentColumn} = k.value`),
    );
    return db
      .select(columns.map((column) => `page.${column}`))
      .from(
        db.raw(`${postgres.eachKey(parentType)} CROSS JOIN LATERAL ? AS page`, [parents, first]),
      );
  },
  // OFFSET keeps it a look-up for each row: the planner would rather read a small table whole.
  // Not `ON true`, which pg_stat_statements takes for a value.
  joinOne: ({ table, columns, keyColumn, key }) =>
    `LEFT JOIN LATERAL (SELECT ${columns.map((column) => `one.${column}`).join(', ')}
       FROM "${table}" AS one WHERE one.${keyColumn} = ${key} OFFSET 0) AS ${table}
       ON ${table}.${keyColumn} = ${key}`,
  secondsOf: (column) => `floor(extract(epoch FROM ${column}))::bigint`,
  // The table itself says what type each of its columns has.
  rowsFromJson: (table, columns) =>
    `SELECT ${columns.join(', ')} FROM json_populate_recordset(NULL::${table}, ?)`,
  entriesOf: (column) => `jsonb_each_text(${column})`,
  listOf: (column) => `json_agg(${column})::text`,
  day: (column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')`,
  isOnDay: (column, day) => `(${column} AT TIME ZONE 'UTC')::date = ${day}::date`,
  plans: postgresPlans,
  // Knex's types know no clients but its own.
  rehearsalClient: PostgresqlRehearsalClient as unknown as typeof Knex.Client,
  search: postgresSearch,
  watchJobs: (db, listener) => watchPostgresJobs(db.client.config.connection, listener),
  watchAccounts: (db, listener) => watchPostgresAccounts(db.client.config.connection, listener),
};
