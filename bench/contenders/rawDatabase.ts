import SqliteDatabase from 'better-sqlite3';
import pg from 'pg';
import type { DatabaseAddress } from '../../src/config.ts';

type Answer<Row> = Row[] | Promise<Row[]>;

/** A statement that is prepared once. SQLite answers at once, PostgreSQL later. */
export type Prepared<Row> = (...values: unknown[]) => Answer<Row>;

/** The drivers without anything between: prepared statements, in the forms that are not planned at each call. */
export interface RawDatabase {
  kind: DatabaseAddress['kind'];
  /** Rows as arrays, in the order of the columns. */
  arrays<Row extends readonly unknown[]>(sql: string): Prepared<Row>;
  /** Rows as objects. */
  objects<Row extends object>(sql: string): Prepared<Row>;
  /** A change and its entry in the audit log, both or neither; the values of both in turn. */
  logged<Row extends readonly unknown[]>(change: string, log: string): Prepared<Row>;
}

/** As many as the product has. */
export const POOL_SIZE = 10;

/** What the product sets, so that nobody is ahead by a setting. */
export function setPragmas(database: SqliteDatabase.Database): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.pragma('busy_timeout = 5000');
  database.pragma('foreign_keys = ON');
  database.pragma('cache_size = -65536');
  database.pragma('mmap_size = 268435456');
  database.pragma('temp_store = MEMORY');
}

function openSqlite(filename: string): RawDatabase {
  const database = new SqliteDatabase(filename);
  setPragmas(database);
  // `+?`: SQLite would prepare anew for each value that it can see.
  const prepare = (sql: string) => database.prepare(sql.replaceAll('?', '+?'));
  return {
    kind: 'sqlite',
    arrays<Row extends readonly unknown[]>(sql: string) {
      const statement = prepare(sql).raw();
      // The text says what its rows are; so in all that follow.
      return (...values: unknown[]) => statement.all(values) as unknown as Row[];
    },
    objects<Row extends object>(sql: string) {
      const statement = prepare(sql);
      return (...values: unknown[]) => statement.all(values) as Row[];
    },
    logged<Row extends readonly unknown[]>(change: string, log: string) {
      const statement = prepare(change).raw();
      const entry = prepare(log);
      const count = change.split('?').length - 1;
      const { immediate } = database.transaction((values: unknown[]) => {
        const rows = statement.all(values.slice(0, count));
        entry.run(values.slice(count));
        return rows as unknown as Row[];
      });
      return (...values: unknown[]) => immediate(values);
    },
  };
}

const { builtins } = pg.types;

/** `2026-03-01 12:00:00.5+00` as ISO-8601 with milliseconds. */
function isoTime(text: string): string {
  const [whole = '', fraction = ''] = text.slice(0, text.lastIndexOf('+')).split('.');
  return `${whole.replace(' ', 'T')}.${fraction.padEnd(3, '0')}Z`;
}

const types = {
  getTypeParser(oid: number) {
    if (oid === builtins.TIMESTAMPTZ) return isoTime;
    if (oid === builtins.INT8) return Number;
    return pg.types.getTypeParser(oid);
  },
} as pg.CustomTypesConfig;

function openPostgres(url: string): RawDatabase {
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE, options: '-c TimeZone=UTC' });
  let count = 0;
  /** Named, so that each connection parses and plans it once. */
  const named = (sql: string) => {
    count += 1;
    let parameter = 0;
    const text = sql.replaceAll('?', () => {
      parameter += 1;
      return `$${parameter}`;
    });
    return { name: `statement_${count}`, text, types };
  };
  function arrays<Row extends readonly unknown[]>(sql: string): Prepared<Row> {
    const statement = { ...named(sql), rowMode: 'array' as const };
    return async (...values) => {
      const { rows } = await pool.query<unknown[]>({ ...statement, values });
      return rows as unknown as Row[];
    };
  }
  return {
    kind: 'postgres',
    arrays,
    objects<Row extends object>(sql: string) {
      const statement = named(sql);
      return async (...values: unknown[]) => {
        const { rows } = await pool.query<Row>({ ...statement, values });
        return rows;
      };
    },
    // One statement is a transaction by itself, in one message.
    logged: (change, log) =>
      arrays(`WITH changed AS (${change}), logged AS (${log}) SELECT * FROM changed`),
  };
}

export const openRaw = (address: DatabaseAddress): RawDatabase =>
  address.kind === 'sqlite' ? openSqlite(address.filename) : openPostgres(address.url);

/** A limit stands in the text: as a parameter, PostgreSQL plans anew at each call. One statement a page size. */
export function byLimit<Row>(
  prepare: (limit: number) => Prepared<Row>,
): (limit: number) => Prepared<Row> {
  const prepared: Prepared<Row>[] = [];
  return (limit) => {
    prepared[limit] ??= prepare(limit);
    return prepared[limit];
  };
}
