import type { Knex } from 'knex';
import type { AnswerKind, PlanDialect, TableFacts } from './planDialect.ts';
import { sendAsWritten, withConnection } from './sendAsWritten.ts';
import type { SqliteColumn } from './sqliteConnection.ts';

/** Times are text to SQLite, so their names have to tell. */
const timeName = /(_at|_after|timestamp|last_login)$/;

function kindOf(name: string, declared: string | null): AnswerKind {
  if (declared === null) return timeName.test(name) ? 'time' : 'number';
  if (!/text|char|clob/i.test(declared)) return 'number';
  return timeName.test(name) ? 'time' : 'text';
}

/** What our connections can, on whatever thread. */
interface Describer {
  columns(sql: string): SqliteColumn[] | Promise<SqliteColumn[]>;
}

interface IndexColumnRow {
  table: string;
  index: string | null;
  column: string | null;
}

interface RowCountRow {
  table: string;
  rows: number;
}

export const sqlitePlans: PlanDialect = {
  async explain(db, { sql, bindings }) {
    const version = await findSchemaVersion(db);
    const rows = await sendAsWritten<{ id: number; parent: number; detail: string }[]>(db, {
      sql: `EXPLAIN QUERY PLAN ${sql} /* schema ${version} */`,
      bindings,
    });
    return { database: 'sqlite', rows };
  },
  async describe(db, { sql }) {
    const columns = await withConnection(db, (connection: Describer) => connection.columns(sql));
    return columns.map(({ name, table, type }) => ({ name, table, kind: kindOf(name, type) }));
  },
  async tableFacts(db) {
    const columns: IndexColumnRow[] = await db.raw(
      `SELECT tables.name AS "table", indexes.name AS "index", columns.name AS "column"
         FROM pragma_table_list AS tables
         LEFT JOIN pragma_index_list(tables.name) AS indexes ON NOT indexes.partial
         LEFT JOIN pragma_index_info(indexes.name) AS columns
        WHERE tables.schema = 'main' AND tables.type = 'table' AND NOT tables.wr
          AND tables.name NOT LIKE 'sqlite!_%' ESCAPE '!'
        ORDER BY tables.name, indexes.name, columns.seqno`,
    );
    const facts = new Map<string, TableFacts>();
    for (const { table, rows } of await findRowCounts(db, [
      ...new Set(columns.map((row) => row.table)),
    ]))
      facts.set(table, { rows, indexes: new Map() });
    for (const { table, index, column } of columns) {
      const indexes = facts.get(table)?.indexes;
      if (indexes && index !== null)
        indexes.set(index, [...(indexes.get(index) ?? []), column ?? '']);
    }
    return facts;
  },
};

/**
 * Notices what another connection changed of the schema, which only a statement that reads does. A plan that
 * is prepared never reads, so it would stay as it was: the version in its text makes it another.
 */
async function findSchemaVersion(db: Knex): Promise<number> {
  const [row]: { schema_version: number }[] = await db.raw(
    'SELECT schema_version FROM pragma_schema_version, (SELECT 1 FROM sqlite_schema LIMIT 1)',
  );
  return row?.schema_version ?? 0;
}

/** From the first row's number to the last's: exact where none was deleted, and two steps, not a scan. */
async function findRowCounts(db: Knex, tables: readonly string[]): Promise<RowCountRow[]> {
  const counts = tables.map(
    (table) => `SELECT '${table}' AS "table",
      coalesce((SELECT max(rowid) FROM "${table}") - (SELECT min(rowid) FROM "${table}") + 1, 0) AS rows`,
  );
  return db.raw(counts.join(' UNION ALL '));
}
