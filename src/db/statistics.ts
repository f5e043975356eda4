import type { Knex } from 'knex';
import type { AuditSeverity } from './auditLogs.ts';
import { dialectOf, select } from './client.ts';
import { type JobFigures, jobFigureSums, selectJobFigures } from './jobFigures.ts';
import type { JobStatus } from './jobs.ts';
import { daysOf, periodParts, type Span } from './periodParts.ts';

/** Both are times in ISO-8601. */
export type Period = Span;

/** Figures of the jobs of one status and model, or of one status and day: what is empty, they are summed over. */
export interface JobGroupRow extends JobFigures {
  status: JobStatus;
  model: string;
  day: string;
}

/** The jobs of a period twice: by status and model, and by status and day. One statement, so both are of one moment. */
export async function findJobGroups(
  db: Knex,
  createdAt: Period,
  userId: number | null,
): Promise<JobGroupRow[]> {
  const { sql, bindings } = selectJobFigures(db, { userId, createdAt });
  return select<JobGroupRow>(
    db,
    `WITH figures AS MATERIALIZED (${sql})
     SELECT status, model, '' AS day, ${jobFigureSums} FROM figures
      GROUP BY status, model HAVING sum(count) > 0
      UNION ALL
     SELECT status, '', day, ${jobFigureSums} FROM figures
      GROUP BY status, day HAVING sum(count) > 0`,
    bindings,
  );
}

/** The length of the longest job in a period, found by an index of each day's jobs by length; null where none is known. */
export async function findLongestDuration(
  db: Knex,
  period: Period,
  userId: number | null,
): Promise<number | null> {
  const { eachKey, isOnDay, keyList } = dialectOf(db);
  const [row] = await select<{ longest: number | null }>(
    db,
    `SELECT max(longest_of_day) AS longest FROM (
       SELECT (
         SELECT duration_seconds FROM jobs
          WHERE ${isOnDay('created_at', 'days.value')} AND created_at >= ? AND created_at < ?
            AND duration_seconds IS NOT NULL ${userId === null ? '' : 'AND user_id = ?'}
          ORDER BY duration_seconds DESC LIMIT 1
       ) AS longest_of_day FROM ${eachKey('text', 'days')}
     ) AS each_day`,
    [period.from, period.to, ...(userId === null ? [] : [userId]), keyList(daysOf(period))],
  );
  return row?.longest ?? null;
}

/** Upper bounds, exclusive, of the classes that durations (seconds) and tokens are counted in, by migrations/014_rollups.ts. */
export const durationBounds = [60, 300, 900, 3600] as const;
export const tokenBounds = [100, 500, 2000, 10_000] as const;

export interface MetadataGroupRow {
  language: string | null;
  /** The index of the first bound above the value; null where there is no value. */
  duration_class: number | null;
  token_class: number | null;
  count: number;
  duration_micros: number;
  tokens: number;
  words_per_minute_micros: number;
  words_per_minute_count: number;
}

const metadataKeys = 'language, duration_class, token_class';
const metadataFigures = [
  'count',
  'duration_micros',
  'tokens',
  'words_per_minute_micros',
  'words_per_minute_count',
] as const satisfies readonly (keyof MetadataGroupRow)[];

/** Everybody's are read from a rollup, but for a part of a day at each end; a user's from the rows themselves. */
export async function findMetadataGroups(
  db: Knex,
  period: Period,
  userId: number | null,
): Promise<MetadataGroupRow[]> {
  const { days, rest } = periodParts(period, { inHours: false });
  const columns = `${metadataKeys}, ${metadataFigures.join(', ')}`;
  const ofRows = `SELECT ${columns} FROM each_metadata_rollups WHERE generated_at >= ? AND generated_at < ?`;
  const ofUser = `${ofRows} AND job_id IN (SELECT jobs.id FROM jobs WHERE jobs.user_id = ?)`;
  const ofEverybody = `SELECT ${columns} FROM current_metadata_rollups WHERE day >= ? AND day < ?
    UNION ALL ${ofRows} UNION ALL ${ofRows}`;
  return select<MetadataGroupRow>(
    db,
    `SELECT nullif(language, '') AS language, nullif(duration_class, -1) AS duration_class,
            nullif(token_class, -1) AS token_class,
            ${metadataFigures.map((figure) => `sum(${figure}) AS ${figure}`).join(', ')}
       FROM (${userId === null ? ofEverybody : ofUser}) AS figures
      GROUP BY 1, 2, 3 HAVING sum(count) > 0`,
    userId === null
      ? [days, ...rest].flatMap(({ from, to }) => [from, to])
      : [period.from, period.to, userId],
  );
}

export interface UserActivityRow {
  user_id: number;
  created: number;
  completed: number;
  failed: number;
  duration_micros: number;
  last_created_at: string;
}

const activityFigures = [
  'created',
  'completed',
  'failed',
  'duration_micros',
] as const satisfies readonly (keyof UserActivityRow)[];

/** The users with the most jobs in the period, of a rollup but for a part of a day at each end. */
export async function findUserActivity(
  db: Knex,
  period: Period,
  limit: number,
): Promise<UserActivityRow[]> {
  const { days, rest } = periodParts(period, { inHours: false });
  const columns = `user_id, ${activityFigures.join(', ')}`;
  const ofJobs = `SELECT ${columns} FROM each_job_activity WHERE created_at >= ? AND created_at < ?`;
  return select<UserActivityRow>(
    db,
    `SELECT busiest.*, (
         SELECT max(created_at) FROM jobs WHERE jobs.user_id = busiest.user_id AND created_at < ?
       ) AS last_created_at
       FROM (
         SELECT user_id, ${activityFigures.map((figure) => `sum(${figure}) AS ${figure}`).join(', ')}
           FROM (SELECT ${columns} FROM current_job_activity WHERE day >= ? AND day < ?
                  UNION ALL ${ofJobs} UNION ALL ${ofJobs}) AS figures
          GROUP BY user_id HAVING sum(created) > 0
          ORDER BY sum(created) DESC, user_id LIMIT ${limit}
       ) AS busiest ORDER BY created DESC, user_id`,
    [period.to, ...[days, ...rest].flatMap(({ from, to }) => [from, to])],
  );
}

export interface SecurityEventRow {
  event_type: string;
  severity: AuditSeverity;
  client_ip: string | null;
  count: number;
  users: number;
  first_at: string;
  last_at: string;
}

/** What the audit log has above `info`, by kind and address, the most frequent first. */
export async function findSecurityEvents(
  db: Knex,
  { from, to }: Period,
  limit: number,
): Promise<SecurityEventRow[]> {
  return select<SecurityEventRow>(
    db,
    `SELECT event_type, severity, client_ip, count(*) AS count, count(DISTINCT user_id) AS users,
            min(timestamp) AS first_at, max(timestamp) AS last_at
       FROM audit_logs
      WHERE severity IN ('warning', 'critical') AND timestamp >= ? AND timestamp < ?
      GROUP BY event_type, severity, client_ip
      ORDER BY count DESC, last_at DESC, event_type, severity, coalesce(client_ip, '')
      LIMIT ${limit}`,
    [from, to],
  );
}
