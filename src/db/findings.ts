import type { Knex } from 'knex';
import { findPage, type Ordering, type Page, type PageRequest } from './keyset.ts';

/** Something that was found, as it is stored. */
export interface FindingRow {
  id: number;
  key: string;
  kind: string;
  level: string;
  what: string;
  trace_id: string | null;
  statement: string | null;
  remedy: string;
  remedy_sql: string | null;
  release: string;
  first_seen: string;
  last_seen: string;
  /** When it is over, unless it is seen again before. */
  closes_at: string;
  closed_at: string | null;
  dismissed_at: string | null;
  dismissed_by: number | null;
}

export type NewFinding = Omit<FindingRow, 'id' | 'closed_at' | 'dismissed_at' | 'dismissed_by'>;

const findingColumns = [
  'id',
  'key',
  'kind',
  'level',
  'what',
  'trace_id',
  'statement',
  'remedy',
  'remedy_sql',
  'release',
  'first_seen',
  'last_seen',
  'closes_at',
  'closed_at',
  'dismissed_at',
  'dismissed_by',
] as const satisfies readonly (keyof FindingRow)[];

export const findingOrdering: Ordering<FindingRow> = {
  name: 'findings.first_seen',
  column: 'findings.first_seen',
  kind: 'time',
  nullable: false,
  value: (row) => row.first_seen,
  idColumn: 'findings.id',
  idType: 'integer',
  id: (row) => row.id,
};

export interface FindingFilter {
  kind?: string | null | undefined;
  /** Those that are over, too. */
  includeClosed?: boolean | null | undefined;
  includeDismissed?: boolean | null | undefined;
}

function filtered(query: Knex.QueryBuilder, filter: FindingFilter): Knex.QueryBuilder {
  if (filter.kind != null) query.where('findings.kind', filter.kind);
  if (!filter.includeClosed) query.whereNull('findings.closed_at');
  if (!filter.includeDismissed) query.whereNull('findings.dismissed_at');
  return query;
}

export async function findFindingPage(
  db: Knex,
  filter: FindingFilter,
  page: PageRequest<FindingRow>,
): Promise<Page<FindingRow>> {
  return findPage(db, filtered(db('findings').select(findingColumns), filter), page);
}

export async function countFindings(db: Knex, filter: FindingFilter): Promise<number> {
  const [row] = await filtered(db('findings').count({ count: '*' }), filter);
  return Number(row.count);
}

/**
 * Writes what was seen. Whoever saw it first, in whichever process, it is one row; what was over begins
 * anew. That it was dismissed stays.
 */
export async function upsertFinding(db: Knex, finding: NewFinding): Promise<void> {
  const anew = (column: string) =>
    db.raw('CASE WHEN findings.closed_at IS NULL THEN ?? ELSE ?? END', [
      `findings.${column}`,
      `excluded.${column}`,
    ]);
  await db('findings')
    .insert(finding)
    .onConflict('key')
    .merge({
      level: db.raw('excluded.level'),
      what: db.raw('excluded.what'),
      trace_id: db.raw('excluded.trace_id'),
      statement: db.raw('excluded.statement'),
      remedy: db.raw('excluded.remedy'),
      remedy_sql: db.raw('excluded.remedy_sql'),
      last_seen: db.raw('excluded.last_seen'),
      closes_at: db.raw('excluded.closes_at'),
      first_seen: anew('first_seen'),
      release: anew('release'),
      closed_at: null,
    });
}

/** Closes what nobody saw for its time. */
export async function closeFindings(db: Knex, now: string): Promise<number> {
  return db('findings')
    .whereNull('closed_at')
    .where('closes_at', '<', now)
    .update({ closed_at: now });
}

/** Those that are over for long and that nobody dismissed, so many at most. */
export async function deleteOldFindings(db: Knex, before: string, limit: number): Promise<number> {
  const old = db('findings')
    .select('id')
    .where('closed_at', '<', before)
    .whereNull('dismissed_at')
    .limit(limit, { skipBinding: true });
  return db('findings').whereIn('id', old).delete();
}

/** Dismisses a finding that is not dismissed; null where there is none. */
export async function updateDismissedFinding(
  db: Knex,
  key: string,
  userId: number,
  now: string,
): Promise<FindingRow | null> {
  const [row] = await db('findings')
    .where('key', key)
    .whereNull('dismissed_at')
    .update({ dismissed_at: now, dismissed_by: userId })
    .returning(findingColumns);
  return row ?? null;
}

export async function findFindingByKey(db: Knex, key: string): Promise<FindingRow | null> {
  const [row]: FindingRow[] = await db('findings')
    .select(findingColumns)
    .where('key', key)
    .limit(1, { skipBinding: true });
  return row ?? null;
}
