import type { Knex } from 'knex';
import { select } from '../client.ts';
import type { SizeRow, TableRow } from './catalogue.ts';
import { heldTables, isHeld } from './heldTables.ts';

interface ListedTable extends Omit<TableRow, 'rows' | 'rowsKnownBy'> {
  countedRows: number;
}

/** Ordinary and materialized; the parts of a partitioned table are tables of their own. */
const stored = `n.nspname = current_schema() AND c.relkind IN ('r', 'm')`;

export async function findPostgresTables(db: Knex): Promise<TableRow[]> {
  const listed = await select<ListedTable>(
    db,
    `SELECT c.relname AS name,
            CASE WHEN c.reltuples >= 0 THEN c.reltuples::float8 END AS "analyzedRows",
            s.n_live_tup AS "countedRows", s.n_dead_tup AS "deadRows",
            s.n_mod_since_analyze AS "changedSinceAnalyze",
            date_trunc('milliseconds', greatest(s.last_vacuum, s.last_autovacuum)) AS "lastVacuumAt",
            date_trunc('milliseconds', greatest(s.last_analyze, s.last_autoanalyze)) AS "lastAnalyzeAt"
       FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_stat_user_tables AS s ON s.relid = c.oid
      WHERE ${stored} ORDER BY c.relname`,
  );
  // ANALYZE sets both, and what is counted then goes on: it is the newer of the two.
  return listed.map(({ countedRows, ...table }) => ({
    ...table,
    rows: countedRows,
    rowsKnownBy:
      table.analyzedRows === null || (table.changedSinceAnalyze ?? 0) > 0
        ? 'counted_changes'
        : 'analyze',
  }));
}

/** By its pages at the last VACUUM where its size can't be asked for. */
const unlessHeld = (relation: string, bytes: string): string =>
  `CASE WHEN ${isHeld(`${relation}.oid`)}
        THEN ${relation}.relpages * current_setting('block_size')::bigint ELSE ${bytes} END`;

export async function findPostgresSizes(db: Knex): Promise<SizeRow[]> {
  return select<SizeRow>(
    db,
    `WITH ${heldTables}
     SELECT c.relname AS name, c.relname AS "table", 'table' AS kind,
            ${unlessHeld('c', 'pg_table_size(c.oid) - toast.bytes')} AS bytes,
            toast.bytes AS "toastBytes"
       FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL (
              SELECT CASE WHEN c.reltoastrelid = 0 OR ${isHeld('c.oid')} THEN 0
                          ELSE pg_total_relation_size(c.reltoastrelid) END AS bytes
            ) AS toast
      WHERE ${stored}
      UNION ALL
     SELECT i.relname, c.relname, 'index', ${unlessHeld('i', 'pg_relation_size(i.oid)')}, 0
       FROM pg_index AS x
            JOIN pg_class AS i ON i.oid = x.indexrelid
            JOIN pg_class AS c ON c.oid = x.indrelid
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE ${stored}`,
  );
}
