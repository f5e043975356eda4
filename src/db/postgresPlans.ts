import pg, { type QueryResult } from 'pg';
import type { AnswerKind, PlanDialect, TableFacts } from './planDialect.ts';
import { sendAsWritten } from './sendAsWritten.ts';

const { builtins } = pg.types;

const kinds = new Map<number, AnswerKind>([
  ...[builtins.TIMESTAMPTZ, builtins.TIMESTAMP, builtins.DATE].map((oid) => [oid, 'time'] as const),
  ...[builtins.TEXT, builtins.VARCHAR, builtins.BPCHAR].map((oid) => [oid, 'text'] as const),
  ...[builtins.JSON, builtins.JSONB].map((oid) => [oid, 'json'] as const),
  [builtins.BOOL, 'boolean'],
]);

interface TableRow {
  table: string;
  rows: number;
  index: string | null;
  columns: string[];
}

export const postgresPlans: PlanDialect = {
  async explain(db, { sql, bindings }) {
    const { rows } = await sendAsWritten<QueryResult<{ 'QUERY PLAN': unknown }>>(db, {
      sql: `EXPLAIN (FORMAT JSON) ${sql}`,
      bindings,
    });
    return { database: 'postgres', json: rows[0]?.['QUERY PLAN'] };
  },
  async describe(db, { sql, bindings }) {
    // LIMIT 0 ends before it has asked for a row.
    const { fields } = await sendAsWritten<QueryResult>(db, {
      sql: `SELECT * FROM (${sql}) AS described LIMIT 0`,
      bindings,
    });
    return fields.map(({ name, tableID, dataTypeID }) => ({
      name,
      // The number of the table tells it apart from others as well as its name would.
      table: tableID === 0 ? null : String(tableID),
      kind: kinds.get(dataTypeID) ?? 'number',
    }));
  },
  async tableFacts(db) {
    const { rows } = await db.raw<{ rows: TableRow[] }>(
      `SELECT t.relname AS "table", t.reltuples::float8 AS rows, i.relname AS "index",
              ARRAY(SELECT replace(pg_get_indexdef(x.indexrelid, n, true), '"', '')
                      FROM generate_series(1, x.indnkeyatts) AS n) AS columns
         FROM pg_class AS t
         LEFT JOIN pg_index AS x ON x.indrelid = t.oid AND x.indisvalid AND x.indpred IS NULL
         LEFT JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE t.relkind IN ('r', 'p') AND t.relnamespace = current_schema()::regnamespace`,
    );
    const facts = new Map<string, TableFacts>();
    for (const { table, rows: count, index, columns } of rows) {
      // -1 where it was never analyzed.
      const known = facts.get(table) ?? { rows: count < 0 ? null : count, indexes: new Map() };
      if (index !== null) known.indexes.set(index, columns);
      facts.set(table, known);
    }
    return facts;
  },
};
