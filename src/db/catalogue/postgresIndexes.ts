import type { Knex } from 'knex';
import { select } from '../client.ts';
import type { IndexConstraint, IndexKey, IndexRow } from './catalogue.ts';
import { heldTables, isHeld } from './heldTables.ts';

interface ListedIndex extends Omit<IndexRow, 'constraint'> {
  constraint: 'p' | 'u' | 'x' | null;
}

const constraints: Record<NonNullable<ListedIndex['constraint']>, IndexConstraint> = {
  p: 'primary_key',
  u: 'unique',
  x: 'exclusion',
};

/** What nobody can tell now is called something that nothing else is. */
const unlessHeld = (expression: string): string =>
  `CASE WHEN ${isHeld('x.indrelid')} THEN 'not to be read while its table is locked: ' || i.relname
        ELSE ${expression} END`;

/** `indoption` has a bit for DESC and one for NULLS FIRST; its places begin at 0, those of the key at 1. */
const key: Record<keyof IndexKey, string> = {
  text: `CASE WHEN x.indkey[place - 1] <> 0 THEN (
           SELECT attname::text FROM pg_attribute
            WHERE attrelid = x.indrelid AND attnum = x.indkey[place - 1])
         ELSE ${unlessHeld('pg_get_indexdef(x.indexrelid, place, true)')} END`,
  isExpression: 'x.indkey[place - 1] = 0',
  descending: 'x.indoption[place - 1] & 1 = 1',
  nullsFirst: 'x.indoption[place - 1] & 2 = 2',
  collation: '(SELECT collname FROM pg_collation WHERE oid = x.indcollation[place - 1])',
  operatorClass: '(SELECT opcname FROM pg_opclass WHERE oid = x.indclass[place - 1])',
};

const keyObject = `jsonb_build_object(${Object.entries(key).map(([name, sql]) => `'${name}', ${sql}`)})`;

export async function findPostgresIndexes(db: Knex): Promise<IndexRow[]> {
  const listed = await select<ListedIndex>(
    db,
    // Before PostgreSQL 16 there is no last_idx_scan; as JSON it is just not there.
    `WITH ${heldTables}
     SELECT i.relname AS name, t.relname AS "table", m.amname AS method,
            (SELECT jsonb_agg(${keyObject} ORDER BY place)
               FROM generate_series(1, x.indnkeyatts) AS place) AS keys,
            (SELECT coalesce(jsonb_agg(a.attname ORDER BY place), '[]')
               FROM generate_series(x.indnkeyatts + 1, x.indnatts) AS place
                    JOIN pg_attribute AS a
                      ON a.attrelid = x.indrelid AND a.attnum = x.indkey[place - 1]) AS included,
            CASE WHEN x.indpred IS NOT NULL
                 THEN ${unlessHeld('pg_get_expr(x.indpred, x.indrelid, true)')} END AS predicate,
            x.indisunique AS "isUnique", c.contype AS constraint, x.indisvalid AS "isValid",
            CASE WHEN NOT ${isHeld('x.indrelid')} THEN pg_get_indexdef(x.indexrelid) END AS definition,
            s.idx_scan AS scans, s.idx_tup_read AS "rowsRead",
            date_trunc('milliseconds', (to_jsonb(s) ->> 'last_idx_scan')::timestamptz) AS "lastScanAt"
       FROM pg_index AS x
            JOIN pg_class AS i ON i.oid = x.indexrelid
            JOIN pg_class AS t ON t.oid = x.indrelid
            JOIN pg_namespace AS n ON n.oid = t.relnamespace
            JOIN pg_am AS m ON m.oid = i.relam
            LEFT JOIN pg_stat_user_indexes AS s ON s.indexrelid = x.indexrelid
            LEFT JOIN pg_constraint AS c ON c.conindid = x.indexrelid AND c.contype IN ('p', 'u', 'x')
      WHERE n.nspname = current_schema()
      ORDER BY t.relname, i.relname`,
  );
  return listed.map((index) => ({
    ...index,
    constraint: index.constraint && constraints[index.constraint],
  }));
}

/** Nobody may have set the counts back ever; then they are at least as old as the server's start. */
export async function findPostgresCountingStart(db: Knex): Promise<string | null> {
  const [row] = await select<{ since: string }>(
    db,
    `SELECT date_trunc('milliseconds', coalesce(stats_reset, pg_postmaster_start_time())) AS since
       FROM pg_stat_database WHERE datname = current_database()`,
  );
  return row?.since ?? null;
}
