import type { Knex } from 'knex';
import { select } from '../client.ts';
import type { SizeRow, TableRow } from './catalogue.ts';
import { rawIdentifier } from './identifier.ts';

interface ListedTable {
  name: string;
  type: 'table' | 'virtual' | 'shadow';
  /** Whether it has no rowid. */
  wr: 0 | 1;
}

const listTables = (db: Knex): Promise<ListedTable[]> =>
  select<ListedTable>(
    db,
    `SELECT name, type, wr FROM pragma_table_list
      WHERE schema = 'main' AND type IN ('table', 'virtual', 'shadow')
        AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name`,
  );

/** Whether ANALYZE ever ran. */
export async function hasStatistics(db: Knex): Promise<boolean> {
  const rows = await select(db, `SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'`);
  return rows.length > 0;
}

/** Rows by table at the last ANALYZE: the first number of any of its entries. */
async function analyzedRows(db: Knex): Promise<Map<string, number>> {
  if (!(await hasStatistics(db))) return new Map();
  const rows = await select<{ tbl: string; stat: string }>(
    db,
    'SELECT tbl, stat FROM sqlite_stat1 WHERE stat IS NOT NULL',
  );
  return new Map(rows.map(({ tbl, stat }) => [tbl, Number.parseInt(stat, 10)]));
}

/** The largest row number of each table, found at the end of its tree; never fewer than its rows. */
async function largestKeys(db: Knex, tables: readonly ListedTable[]): Promise<Map<string, number>> {
  const numbered = tables.filter(({ type, wr }) => type === 'table' && wr === 0);
  if (numbered.length === 0) return new Map();
  const values = numbered.map(({ name }) => `(SELECT max(rowid) FROM ${rawIdentifier(name)})`);
  const [row] = await select<{ keys: string }>(db, `SELECT json_array(${values}) AS keys`);
  const keys: (number | null)[] = JSON.parse(row?.keys ?? '[]');
  return new Map(numbered.map(({ name }, place) => [name, keys[place] ?? 0]));
}

export async function findSqliteTables(db: Knex): Promise<TableRow[]> {
  const tables = await listTables(db);
  const analyzed = await analyzedRows(db);
  const largest = await largestKeys(db, tables);
  return tables
    .filter(({ type }) => type !== 'shadow')
    .map(({ name }) => {
      const rows = largest.get(name) ?? analyzed.get(name) ?? null;
      return {
        name,
        rows,
        rowsKnownBy: rows === null ? 'unknown' : largest.has(name) ? 'largest_key' : 'analyze',
        analyzedRows: analyzed.get(name) ?? null,
        deadRows: null,
        changedSinceAnalyze: null,
        lastVacuumAt: null,
        lastAnalyzeAt: null,
      };
    });
}

/** Reads every page of the file, so it takes a time that grows with it. */
export async function findSqliteSizes(db: Knex): Promise<SizeRow[]> {
  const virtual = (await listTables(db)).filter(({ type }) => type === 'virtual');
  const rows = await select<Omit<SizeRow, 'toastBytes'>>(
    db,
    `SELECT d.name, s.tbl_name AS "table", s.type AS kind, d.pgsize AS bytes
       FROM dbstat AS d JOIN sqlite_schema AS s ON s.name = d.name
      WHERE d.aggregate = TRUE AND d.name NOT LIKE 'sqlite!_%' ESCAPE '!'
         OR d.aggregate = TRUE AND d.name LIKE 'sqlite!_autoindex!_%' ESCAPE '!'`,
  );
  const sizes = rows.map((row) => ({ ...row, toastBytes: 0 }));
  // A virtual table's rows are in tables of its own, named after it.
  for (const { name } of virtual) {
    const own = sizes.filter(({ table }) => table.startsWith(`${name}_`));
    const bytes = own.reduce((sum, size) => sum + size.bytes, 0);
    sizes.push({ name, table: name, kind: 'table', bytes, toastBytes: 0 });
  }
  return sizes;
}
