import type { Knex } from 'knex';
import type { AuditSeverity } from './auditLogs.ts';
import { dialectOf, select } from './client.ts';
import type { JobStatus } from './jobs.ts';

/** `from` is included, `to` is not; both are times in ISO-8601. */
export interface Period {
  from: string;
  to: string;
}

/** The jobs of one status, model and day. All figures of `JobStatistics` are sums over these. */
export interface JobGroupRow {
  status: JobStatus;
  model: string;
  day: string;
  count: number;
  duration_count: number;
  duration_seconds: number;
  longest_seconds: number;
  /** Audio and work of the jobs that have both, for the speed. */
  processed_seconds: number;
  processing_seconds: number;
  /** The work of all jobs that tell it, for its mean. */
  worked_seconds: number;
  worked_count: number;
}

export async function findJobGroups(
  db: Knex,
  { from, to }: Period,
  userId: number | null,
): Promise<JobGroupRow[]> {
  return select<JobGroupRow>(
    db,
    `SELECT status, model, ${dialectOf(db).day('created_at')} AS day,
            count(*) AS count,
            count(duration_seconds) AS duration_count,
            coalesce(sum(duration_seconds), 0) AS duration_seconds,
            coalesce(max(duration_seconds), 0) AS longest_seconds,
            coalesce(sum(CASE WHEN processing_time_seconds > 0 THEN duration_seconds END), 0)
              AS processed_seconds,
            coalesce(sum(CASE WHEN duration_seconds IS NOT NULL THEN processing_time_seconds END), 0)
              AS processing_seconds,
            coalesce(sum(processing_time_seconds), 0) AS worked_seconds,
            count(processing_time_seconds) AS worked_count
       FROM jobs
      WHERE created_at >= ? AND created_at < ? ${userId === null ? '' : 'AND user_id = ?'}
      GROUP BY 1, 2, 3 ORDER BY 3, 2, 1`,
    userId === null ? [from, to] : [from, to, userId],
  );
}

/** Upper bounds, exclusive, of the classes that durations (seconds) and tokens are counted in. */
export const durationBounds = [60, 300, 900, 3600] as const;
export const tokenBounds = [100, 500, 2000, 10_000] as const;

export interface MetadataGroupRow {
  language: string | null;
  /** The index of the first bound above the value; null where there is no value. */
  duration_class: number | null;
  token_class: number | null;
  count: number;
  duration_seconds: number;
  tokens: number;
  words_per_minute: number;
  words_per_minute_count: number;
}

const classOf = (column: string, bounds: readonly number[]): string =>
  `CASE WHEN ${column} IS NULL THEN NULL ${bounds
    .map((bound, index) => `WHEN ${column} < ${bound} THEN ${index}`)
    .join(' ')} ELSE ${bounds.length} END`;

export async function findMetadataGroups(
  db: Knex,
  { from, to }: Period,
  userId: number | null,
): Promise<MetadataGroupRow[]> {
  const own =
    userId === null ? '' : 'AND job_id IN (SELECT jobs.id FROM jobs WHERE jobs.user_id = ?)';
  return select<MetadataGroupRow>(
    db,
    `SELECT language,
            ${classOf('duration', durationBounds)} AS duration_class,
            ${classOf('tokens', tokenBounds)} AS token_class,
            count(*) AS count,
            coalesce(sum(duration), 0) AS duration_seconds,
            coalesce(sum(tokens), 0) AS tokens,
            coalesce(sum(wpm), 0) AS words_per_minute,
            count(wpm) AS words_per_minute_count
       FROM metadata
      WHERE generated_at >= ? AND generated_at < ? ${own}
      GROUP BY 1, 2, 3 ORDER BY language IS NULL, language`,
    userId === null ? [from, to] : [from, to, userId],
  );
}

export interface UserActivityRow {
  user_id: number;
  created: number;
  completed: number;
  failed: number;
  duration_seconds: number;
  last_created_at: string;
}

/** The users with the most jobs in the period. */
export async function findUserActivity(
  db: Knex,
  { from, to }: Period,
  limit: number,
): Promise<UserActivityRow[]> {
  return select<UserActivityRow>(
    db,
    `SELECT user_id, count(*) AS created,
            sum(CASE WHEN status = 'completed' THEN 1 ELSE 0 END) AS completed,
            sum(CASE WHEN status LIKE 'failed%' THEN 1 ELSE 0 END) AS failed,
            coalesce(sum(duration_seconds), 0) AS duration_seconds,
            max(created_at) AS last_created_at
       FROM jobs WHERE created_at >= ? AND created_at < ?
      GROUP BY user_id ORDER BY created DESC, user_id LIMIT ${limit}`,
    [from, to],
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
