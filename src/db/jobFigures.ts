import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { compiled, rowsOf } from './compiled.ts';
import type { Dialect } from './dialect.ts';
import { periodParts } from './periodParts.ts';
import type { Range } from './range.ts';

/** Counts and sums over jobs, as triggers keep them. Times are in millionths of a second. */
export interface JobFigures {
  count: number;
  duration_count: number;
  duration_micros: number;
  /** Audio and work of the jobs that have both, for the speed. */
  processed_micros: number;
  processing_micros: number;
  /** The work of all jobs that tell it, for its mean. */
  worked_count: number;
  worked_micros: number;
}

const columns = [
  'count',
  'duration_count',
  'duration_micros',
  'processed_micros',
  'processing_micros',
  'worked_count',
  'worked_micros',
] as const satisfies readonly (keyof JobFigures)[];

export const jobFigureSums = columns.map((column) => `sum(${column}) AS ${column}`).join(', ');

export interface SqlText {
  sql: string;
  bindings: (string | number)[];
}

/**
 * A SELECT of `day`, `status`, `model` and the figures of jobs that were uploaded in a period, several rows for some.
 * Whole days and hours are read from rollups; the jobs themselves only at the ends: of an hour, of a user's of a day.
 */
export function selectJobFigures(
  db: Knex,
  { userId, createdAt }: { userId: number | null; createdAt: Range<string> },
): SqlText {
  const { day } = dialectOf(db);
  const { days, hours, rest } = periodParts(createdAt, { inHours: userId === null });
  const own = userId === null ? [] : [userId];
  const isOwn = `user_id = ${userId === null ? 0 : '?'}`;
  const isWithin = (column: string): string => `${column} >= ? AND ${column} < ?`;
  const ofScope = (scope: string, dayOfPeriod: string): string =>
    `SELECT ${dayOfPeriod} AS day, status, model, ${columns.join(', ')} FROM current_job_rollups
      WHERE scope = '${scope}' AND ${isOwn} AND ${isWithin('period')}`;
  const ofDays = ofScope(userId === null ? 'everybody_day' : 'user_day', 'period');
  const ofHours = ofScope('everybody_hour', 'substr(period, 1, 10)');
  const ofJobs = `SELECT ${day('created_at')} AS day, status, model, ${columns.join(', ')} FROM each_job_rollups
      WHERE ${userId === null ? '' : `${isOwn} AND`} ${isWithin('created_at')}`;
  const parts: SqlText[] = [
    { sql: ofDays, bindings: [...own, days.from, days.to] },
    ...(userId === null ? hours : []).map(({ from, to }) => ({
      sql: ofHours,
      bindings: [from, to],
    })),
    ...rest.map(({ from, to }) => ({ sql: ofJobs, bindings: [...own, from, to] })),
  ];
  return {
    sql: parts.map(({ sql }) => sql).join('\n UNION ALL '),
    bindings: parts.flatMap(({ bindings }) => bindings),
  };
}

interface Kind {
  status?: string | null | undefined;
  model?: string | null | undefined;
}

/** Adds what a status and a model narrow the figures to. */
function ofKind(query: Knex.QueryBuilder, { unseen }: Dialect, { status, model }: Kind) {
  if (status != null) query.whereRaw(`status = ${unseen('text')}`, [status]);
  if (model != null) query.whereRaw(`model = ${unseen('text')}`, [model]);
  return query;
}

/** How many jobs each of these users has in all. Who has none is left out. */
export async function countJobsOfUsers(
  db: Knex,
  userIds: readonly number[],
  { status, model }: Kind,
): Promise<Map<number, number>> {
  const dialect = dialectOf(db);
  const statement = compiled(db, {
    shape: 'countJobsOfUsers ',
    values: { userIds: dialect.keyList(userIds), kind: { status, model } },
    build: (values) =>
      ofKind(
        db('current_job_rollups')
          .select('user_id')
          .sum({ count: 'count' })
          .whereRaw(`scope = 'user' AND ${dialect.isAnyKey('user_id', 'integer')}`, [
            values.userIds,
          ])
          .groupBy('user_id'),
        dialect,
        values.kind ?? {},
      ),
  });
  const rows = await rowsOf<{ user_id: number; count: number }>(db, statement);
  return new Map(rows.map(({ user_id, count }) => [user_id, count]));
}

/** How many jobs there are in all. */
export async function countAllJobs(db: Knex, { status, model }: Kind): Promise<number> {
  const statement = compiled(db, {
    shape: 'countAllJobs ',
    values: { kind: { status, model } },
    build: (values) =>
      ofKind(
        db('current_job_rollups').sum({ count: 'count' }).whereRaw("scope = 'everybody'"),
        dialectOf(db),
        values.kind ?? {},
      ),
  });
  const [row] = await rowsOf<{ count: number | null }>(db, statement);
  return row?.count ?? 0;
}

/** How many jobs were uploaded in a period, which may be without a beginning or an end. */
export async function countJobFigures(
  db: Knex,
  { userId, createdAt, ...kind }: { userId: number | null; createdAt: Range<string> } & Kind,
): Promise<number> {
  const { sql, bindings } = selectJobFigures(db, { userId, createdAt });
  const figures = db.raw(`(${sql}) AS figures`, bindings);
  const [row]: { count: number | null }[] = await ofKind(
    db.sum({ count: 'count' }).from(figures),
    dialectOf(db),
    kind,
  );
  return row?.count ?? 0;
}
