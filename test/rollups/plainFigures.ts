import type { Knex } from 'knex';
import type { JobRow } from '../../src/db/jobs.ts';
import type { MetadataRow } from '../../src/db/metadata.ts';
import { globalId } from '../harness/given.ts';

export const ANSWERS = `query Answers(
  $from: DateTime, $to: DateTime, $user: ID, $jobs: JobFilter, $kind: JobFilter, $userKind: JobFilter
) {
  jobStatistics(from: $from, to: $to, userId: $user) {
    count durationSeconds averageDurationSeconds longestDurationSeconds averageProcessingTimeSeconds speed
    byStatus { status count } byModel { model count durationSeconds speed }
    perDay { day count completed failed durationSeconds }
  }
  metadataAnalytics(from: $from, to: $to, userId: $user) {
    count tokens durationSeconds wordsPerMinute languages { language count durationSeconds wordsPerMinute }
    durations { count } tokenCounts { count }
  }
  userActivity(from: $from, to: $to, first: 5) {
    user { id } createdJobs completedJobs failedJobs durationSeconds lastJobAt
  }
  all: jobs(first: 1) { totalCount }
  period: jobs(first: 1, filter: $jobs) { totalCount }
  kind: jobs(first: 1, filter: $kind) { totalCount }
  userKind: jobs(first: 1, filter: $userKind) { totalCount }
  users(first: 100) { edges { node { id jobs(first: 1, filter: $kind) { totalCount } jobCounts { status count } } } }
}`;

/** What is asked for: of a period, of one user or all, of a kind of jobs. */
export interface Asked {
  from: string;
  to: string;
  userId: number | null;
  kind: { status?: string; model?: string };
}

export const variablesOf = ({ from, to, userId, kind }: Asked) => {
  const user = userId === null ? null : globalId('User', userId);
  const ofKind = { ...kind, ...(kind.status && { status: kind.status.toUpperCase() }) };
  return {
    from,
    to,
    user,
    jobs: { ...ofKind, userId: user, createdAt: { from, to } },
    kind: ofKind,
    userKind: { ...ofKind, userId: user, createdAt: { from } },
  };
};

const micros = (seconds: number | null): number => Math.round((seconds ?? 0) * 1_000_000);

const total = <Row>(rows: readonly Row[], of: (row: Row) => number | null): number =>
  rows.reduce((sum, row) => sum + micros(of(row)), 0) / 1_000_000;

const ratio = (dividend: number, divisor: number) => (divisor === 0 ? null : dividend / divisor);

const audio = (jobs: readonly JobRow[]) => total(jobs, (job) => job.duration_seconds);

const speed = (jobs: readonly JobRow[]) =>
  ratio(
    micros(audio(jobs.filter((job) => (job.processing_time_seconds ?? 0) > 0))),
    jobs
      .filter((job) => job.duration_seconds !== null)
      .reduce((sum, job) => sum + micros(job.processing_time_seconds), 0),
  );

/** Groups by a key, in the order of the keys. */
const grouped = <Row, Group>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  describe: (key: string, group: Row[]) => Group,
): Group[] =>
  [...Map.groupBy(rows, keyOf)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, group]) => describe(key, group));

const failed = ({ status }: JobRow) => status.startsWith('failed');
const completed = ({ status }: JobRow) => status === 'completed';

const byStatus = (jobs: readonly JobRow[]) =>
  grouped(
    jobs,
    ({ status }) => status.toUpperCase(),
    (status, { length: count }) => ({ status, count }),
  );

const ofBounds = (bounds: readonly number[], values: readonly (number | null)[]) =>
  [0, ...bounds].map((from, index) => ({
    count: values.filter(
      (value) =>
        value !== null && value >= from && value < (bounds[index] ?? Number.POSITIVE_INFINITY),
    ).length,
  }));

function statistics(jobs: readonly JobRow[]) {
  const lengths = jobs.flatMap((job) => job.duration_seconds ?? []);
  const worked = jobs.filter((job) => job.processing_time_seconds !== null);
  return {
    count: jobs.length,
    durationSeconds: audio(jobs),
    averageDurationSeconds: ratio(audio(jobs), lengths.length),
    longestDurationSeconds: lengths.length === 0 ? null : Math.max(...lengths),
    averageProcessingTimeSeconds: ratio(
      total(worked, (job) => job.processing_time_seconds),
      worked.length,
    ),
    speed: speed(jobs),
    byStatus: byStatus(jobs),
    byModel: grouped(
      jobs,
      ({ model }) => model,
      (model, group) => ({
        model,
        count: group.length,
        durationSeconds: audio(group),
        speed: speed(group),
      }),
    ),
    perDay: grouped(
      jobs,
      (job) => job.created_at.slice(0, 10),
      (day, group) => ({
        day,
        count: group.length,
        completed: group.filter(completed).length,
        failed: group.filter(failed).length,
        durationSeconds: audio(group),
      }),
    ),
  };
}

function analytics(metadata: readonly MetadataRow[]) {
  const wordsPerMinute = (rows: readonly MetadataRow[]) =>
    ratio(
      total(rows, ({ wpm }) => wpm),
      rows.filter(({ wpm }) => wpm !== null).length,
    );
  const figures = (rows: readonly MetadataRow[]) => ({
    count: rows.length,
    durationSeconds: total(rows, ({ duration }) => duration),
    wordsPerMinute: wordsPerMinute(rows),
  });
  return {
    ...figures(metadata),
    tokens: metadata.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0),
    languages: grouped(
      metadata,
      ({ language }) => language ?? '',
      (language, rows) => ({ language: language || null, ...figures(rows) }),
    ),
    durations: ofBounds(
      [60, 300, 900, 3600],
      metadata.map(({ duration }) => duration),
    ),
    tokenCounts: ofBounds(
      [100, 500, 2000, 10_000],
      metadata.map(({ tokens }) => tokens),
    ),
  };
}

const activity = (jobs: readonly JobRow[]) =>
  [...Map.groupBy(jobs, ({ user_id }) => user_id)]
    .sort(([one, its], [other, others]) => others.length - its.length || one - other)
    .slice(0, 5)
    .map(([userId, own]) => ({
      user: { id: globalId('User', userId) },
      createdJobs: own.length,
      completedJobs: own.filter(completed).length,
      failedJobs: own.filter(failed).length,
      durationSeconds: audio(own),
      lastJobAt: own
        .map((job) => job.created_at)
        .sort()
        .at(-1),
    }));

/** The same answers, from all rows that there are. */
export async function plainAnswers(db: Knex, { from, to, userId, kind }: Asked) {
  const all: JobRow[] = await db('jobs').select();
  const ownerOf = new Map(all.map((job) => [job.id, job.user_id]));
  const metadata: MetadataRow[] = await db('metadata').select();
  const users: { id: number }[] = await db('users').select('id');
  const isOwn = (owner: number | undefined) => userId === null || owner === userId;
  const isKind = (job: JobRow) =>
    (!kind.status || job.status === kind.status) && (!kind.model || job.model === kind.model);
  const within = all.filter((job) => job.created_at >= from && job.created_at < to);
  const count = (jobs: readonly JobRow[]) => ({ totalCount: jobs.filter(isKind).length });
  const since = all.filter((job) => isOwn(job.user_id) && job.created_at >= from);
  return {
    jobStatistics: statistics(within.filter((job) => isOwn(job.user_id))),
    metadataAnalytics: analytics(
      metadata.filter(
        ({ job_id, generated_at }) =>
          isOwn(ownerOf.get(job_id)) && generated_at >= from && generated_at < to,
      ),
    ),
    userActivity: activity(within),
    all: { totalCount: all.length },
    period: count(within.filter((job) => isOwn(job.user_id))),
    kind: count(all),
    userKind: count(since),
    users: users.map(({ id }) => {
      const own = all.filter(({ user_id }) => user_id === id);
      return { id: globalId('User', id), jobs: count(own), jobCounts: byStatus(own) };
    }),
  };
}
