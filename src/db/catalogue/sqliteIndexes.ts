import type { Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import { select } from '../client.ts';
import type { IndexConstraint, IndexRow } from './catalogue.ts';
import { expressionOf, parseIndexDefinition } from './indexDefinition.ts';

interface ListedIndex {
  name: string;
  table: string;
  is_unique: 0 | 1;
  /** `c` of CREATE INDEX, `u` of a unique column, `pk` of a primary key. */
  origin: 'c' | 'u' | 'pk';
  definition: string | null;
  keys: string;
}

interface ListedKey {
  /** Null for an expression. */
  column: string | null;
  descending: 0 | 1;
  collation: string;
}

const constraints: Record<ListedIndex['origin'], IndexConstraint | null> = {
  c: null,
  u: 'unique',
  pk: 'primary_key',
};

function indexRow({ name, table, is_unique, origin, definition, keys }: ListedIndex): IndexRow {
  const parsed = definition === null ? null : parseIndexDefinition(definition);
  // The statement made it an array of these.
  const listed = JSON.parse(keys) as ListedKey[];
  return {
    name,
    table,
    method: 'btree',
    keys: listed.map(({ column, descending, collation }, place) => ({
      text: column ?? expressionOf(parsed?.keys[place] ?? ''),
      isExpression: column === null,
      descending: descending === 1,
      // Nulls are lowest, whichever end comes first.
      nullsFirst: descending === 0,
      collation,
      operatorClass: null,
    })),
    included: [],
    predicate: parsed?.predicate ?? null,
    isUnique: is_unique === 1,
    constraint: constraints[origin],
    isValid: true,
    definition,
    scans: null,
    rowsRead: null,
    lastScanAt: null,
  };
}

/** The key of a table WITHOUT ROWID is the table itself. */
export async function findSqliteIndexes(db: Knex): Promise<IndexRow[]> {
  const listed = await select<ListedIndex>(
    db,
    `SELECT i.name, t.name AS "table", i."unique" AS is_unique, i.origin, s.sql AS definition,
            (SELECT json_group_array(json_object('column', k.name, 'descending', k."desc",
                      'collation', k.coll) ORDER BY k.seqno)
               FROM pragma_index_xinfo(i.name) AS k WHERE k.key = 1) AS keys
       FROM pragma_table_list AS t JOIN pragma_index_list(t.name) AS i
            LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name
      WHERE t.schema = 'main' AND t.type = 'table' AND NOT (t.wr AND i.origin = 'pk')
      ORDER BY t.name, i.name`,
  );
  return listed.map(indexRow);
}

/** Names of the indexes in the lines of a plan: `SEARCH jobs USING COVERING INDEX idx_jobs_status (status=?)`. */
function indexesIn(details: readonly string[], names: ReadonlySet<string>): string[] {
  return details.flatMap((detail) => {
    const rest = / USING (?:AUTOMATIC )?(?:PARTIAL )?(?:COVERING )?INDEX (.+)$/.exec(detail)?.[1];
    if (rest === undefined) return [];
    // A name may hold anything, so it is compared, not parsed.
    const found = [...names].filter((name) => rest === name || rest.startsWith(`${name} (`));
    return found.sort((a, b) => b.length - a.length).slice(0, 1);
  });
}

/**
 * SQLite does not count the use of its indexes. What it does say is which ones the plan of a statement
 * uses; so the calls of the statements that were seen are counted by that.
 */
export async function findSqliteIndexUses(
  db: Knex,
  calls: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const names = new Set((await findSqliteIndexes(db)).map(({ name }) => name));
  const plans = knownPlans(db, [...names].join());
  const uses = new Map<string, number>();
  for (const [sql, count] of calls) {
    if (!planned.test(sql)) continue;
    let used = plans.get(sql);
    if (!used) {
      used = indexesIn(await planOf(db, sql), names);
      plans.set(sql, used);
    }
    for (const name of used) uses.set(name, (uses.get(name) ?? 0) + count);
  }
  return uses;
}

/** By text, the indexes that its plan uses. An hour later it may be another plan. */
type Plans = LRUCache<string, string[]>;

const plansOf = new WeakMap<Knex, { indexes: string; plans: Plans }>();

/** What was planned already, as long as there are the same indexes. */
function knownPlans(db: Knex, indexes: string): Plans {
  const known = plansOf.get(db);
  if (known?.indexes === indexes) return known.plans;
  const plans: Plans = new LRUCache({ max: 2000, ttl: 3_600_000 });
  plansOf.set(db, { indexes, plans });
  return plans;
}

/** Only these have a plan; DDL and transaction control do not. */
const planned = /^\s*(select|insert|update|delete|with)\b/i;

/** The lines of a plan; none where the statement fits no more, since a table or column is gone. */
async function planOf(db: Knex, sql: string): Promise<string[]> {
  const parameters = sql.match(/\+\?/g)?.length ?? 0;
  try {
    // The text is one that Knex wrote: its `+?` hides the values, so nulls have the plan that all have.
    const rows = await select<{ detail: string }>(
      db,
      `EXPLAIN QUERY PLAN ${sql.replaceAll('+?', '?')}`,
      Array.from({ length: parameters }, () => null),
    );
    return rows.map(({ detail }) => detail);
  } catch (error) {
    const fitsNoMore = error instanceof Error && 'code' in error && error.code === 'SQLITE_ERROR';
    if (fitsNoMore) return [];
    throw error;
  }
}
