import type { Knex } from 'knex';
import { auditLogOrdering, countAuditLogs, findAuditLogPage } from '../../src/db/auditLogs.ts';
import { dialectOf } from '../../src/db/client.ts';
import {
  countJobs,
  countJobsByStatus,
  findJobPage,
  findJobPagesByUserIds,
  findJobsByIds,
  type JobFilter,
  type JobRow,
  jobOrderings,
} from '../../src/db/jobs.ts';
import type { Ordering, PageRequest, Position } from '../../src/db/keyset.ts';
import { findMetadataByJobIds } from '../../src/db/metadata.ts';
import { postgres } from '../../src/db/postgres.ts';
import { findOverdueJobIds, updateNextJob, updateTurns } from '../../src/db/queue.ts';
import { foldDifferences } from '../../src/db/rollups.ts';
import {
  countJobMatches,
  countSegmentMatches,
  findJobMatches,
  findSegmentMatches,
  jobMatchOrdering,
  type Search,
  segmentMatchOrdering,
} from '../../src/db/search.ts';
import { findSegmentPagesByJobIds, segmentOrdering } from '../../src/db/segments.ts';
import {
  findJobGroups,
  findLongestDuration,
  findMetadataGroups,
  findUserActivity,
} from '../../src/db/statistics.ts';
import { NOW } from './databases.ts';

/** Rows of a database that its queries ask for, many of each, so that they don't always find the same pages. */
export interface Sample {
  jobIds: string[];
  /** Jobs that have segments. */
  transcribedIds: string[];
  /** Users with many jobs. */
  userIds: number[];
}

const SAMPLES = 20;
const DAY_MS = 86_400_000;
const YEAR_DAYS = 364;

/** A part of the year that the data covers, counted back from its end. */
const before = (part: number): string =>
  new Date(NOW.getTime() - part * YEAR_DAYS * DAY_MS).toISOString();

export async function sampleOf(db: Knex): Promise<Sample> {
  const jobIds: string[] = [];
  for (let index = 0; index < SAMPLES; index += 1) {
    const [job] = await db('jobs')
      .select('id')
      .where('created_at', '<', before((index + 0.5) / SAMPLES))
      .orderBy('created_at', 'desc')
      .limit(1);
    jobIds.push(job.id);
  }
  const transcribed = await db('segments').select('job_id').where('position', 5).limit(SAMPLES);
  const users = await db('jobs')
    .select('user_id')
    .groupBy('user_id')
    .orderByRaw('count(*) DESC')
    .limit(SAMPLES);
  return {
    jobIds,
    transcribedIds: transcribed.map(({ job_id }) => job_id),
    userIds: users.map(({ user_id }) => user_id),
  };
}

/** `page`: its cost must not grow. `sum`: it reads what it counts, so it may grow, and less than the data. */
export type QueryKind = 'page' | 'sum';

export interface Query {
  name: string;
  kind: QueryKind;
  /** Runs it the so-manieth time. */
  run(db: Knex, sample: Sample, index: number): unknown;
  /** Makes undone what its calls changed. */
  restore?(db: Knex): Promise<void>;
}

const at = <Value>(values: readonly Value[], index: number): Value => {
  const value = values[index % values.length];
  if (value === undefined) throw new Error('there is nothing to ask for');
  return value;
};

function page<Row>(
  ordering: Ordering<Row>,
  { descending = true, limit = 20, after = null as Position | null } = {},
): PageRequest<Row> {
  return { ordering, descending, limit, fromEnd: false, after, before: null };
}

const newest = page(jobOrderings.created_at);

/** Somewhere in the year, each time elsewhere. */
const deep = (index: number): PageRequest<JobRow> =>
  page(jobOrderings.created_at, {
    after: { value: before(((index % SAMPLES) + 0.5) / SAMPLES), id: '~' },
  });

const jobsWhere = (db: Knex, filter: JobFilter, request = newest) =>
  findJobPage(db, { filter, page: request });

const month = { from: before(30 / YEAR_DAYS), to: NOW.toISOString() };
const year = { from: before(1), to: NOW.toISOString() };

const models = ['tiny', 'base', 'small', 'medium', 'large-v3'];

const CLAIMED_BY = 'growth';

/** Takes a job, as a worker does. */
async function claim(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    const job = await updateNextJob(transaction, {
      models,
      claimedBy: CLAIMED_BY,
      now: NOW.toISOString(),
      leaseExpiresAt: NOW.toISOString(),
    });
    if (!job) throw new Error('nothing is in line');
    await updateTurns(transaction, { userId: job.user_id, models });
  });
}

/** Puts the jobs back into line that were taken. */
async function putBack(db: Knex): Promise<void> {
  await db('jobs').where({ status: 'processing', claimed_by: CLAIMED_BY }).update({
    status: 'queued',
    claimed_by: null,
    lease_expires_at: null,
    deadline_at: null,
    started_at: null,
    attempt: 0,
  });
  // As the service does each second.
  await foldDifferences(db);
  // In a day of work that comes by itself; between two batches of claims nothing else does.
  if (dialectOf(db) === postgres) await db.raw('VACUUM jobs, queue_turns');
}

/** As the API does: by how many match it is decided whether they are ranked. */
const searchJobs = (db: Knex, search: Search) =>
  findJobMatches(db, { ...search, page: page(jobMatchOrdering) });

const searchSegments = (db: Knex, search: Search) =>
  findSegmentMatches(db, { ...search, page: page(segmentMatchOrdering) });

const pages: Omit<Query, 'kind'>[] = [
  { name: 'the newest jobs', run: (db) => jobsWhere(db, {}) },
  { name: 'jobs, a page deep inside', run: (db, _sample, index) => jobsWhere(db, {}, deep(index)) },
  {
    name: 'jobs of a user',
    run: (db, { userIds }, index) => jobsWhere(db, { userId: at(userIds, index) }),
  },
  {
    name: 'jobs of a user, deep inside',
    run: (db, { userIds }, index) => jobsWhere(db, { userId: at(userIds, index) }, deep(index)),
  },
  { name: 'completed jobs', run: (db) => jobsWhere(db, { status: 'completed' }) },
  {
    name: 'completed jobs of a user',
    run: (db, { userIds }, index) =>
      jobsWhere(db, { userId: at(userIds, index), status: 'completed' }),
  },
  { name: 'jobs of a model', run: (db) => jobsWhere(db, { model: 'small' }) },
  {
    name: 'the longest jobs',
    run: (db) => findJobPage(db, { filter: {}, page: page(jobOrderings.duration_seconds) }),
  },
  {
    name: 'a job by its id',
    run: (db, { jobIds }, index) => findJobsByIds(db, [at(jobIds, index)]),
  },
  { name: 'metadata of 20 jobs', run: (db, { jobIds }) => findMetadataByJobIds(db, jobIds) },
  {
    name: '5 jobs of each of 20 users',
    run: (db, { userIds }) =>
      findJobPagesByUserIds(db, userIds, {
        filter: {},
        page: page(jobOrderings.created_at, { limit: 5 }),
      }),
  },
  {
    name: 'segments of a job',
    run: (db, { transcribedIds }, index) =>
      findSegmentPagesByJobIds(
        db,
        [at(transcribedIds, index)],
        page(segmentOrdering, { descending: false, limit: 10 }),
      ),
  },
  {
    name: 'the newest of the audit log',
    run: (db) => findAuditLogPage(db, { filter: {}, page: page(auditLogOrdering) }),
  },
  { name: 'to claim a job', run: claim, restore: putBack },
  {
    name: 'what is overdue',
    run: (db) => findOverdueJobIds(db, '2025-01-01T00:00:00.000Z'),
  },
  {
    name: 'a search of jobs, common word',
    run: (db) => searchJobs(db, { words: ['meeting'], userId: null }),
  },
  {
    name: "a search of a user's jobs, common word",
    run: (db, { userIds }, index) =>
      searchJobs(db, { words: ['meeting'], userId: at(userIds, index) }),
  },
  {
    name: 'a search of segments, common word',
    run: (db) => searchSegments(db, { words: ['the'], userId: null }),
  },
  {
    name: 'a search of segments, seldom word',
    run: (db) => searchSegments(db, { words: ['budget'], userId: null }),
  },
  {
    name: "a search of a user's segments, common word",
    run: (db, { userIds }, index) =>
      searchSegments(db, { words: ['the'], userId: at(userIds, index) }),
  },
];

const sums: Omit<Query, 'kind'>[] = [
  { name: 'statistics of a month', run: (db) => findJobGroups(db, month, null) },
  { name: 'statistics of a year', run: (db) => findJobGroups(db, year, null) },
  {
    name: 'statistics of a user, a year',
    run: (db, { userIds }, index) => findJobGroups(db, year, at(userIds, index)),
  },
  { name: 'the longest job of a year', run: (db) => findLongestDuration(db, year, null) },
  {
    name: 'the longest job of a user, a year',
    run: (db, { userIds }, index) => findLongestDuration(db, year, at(userIds, index)),
  },
  { name: 'figures of transcripts, a month', run: (db) => findMetadataGroups(db, month, null) },
  { name: 'the busiest users of a month', run: (db) => findUserActivity(db, month, 20) },
  { name: 'totalCount of all jobs', run: (db) => countJobs(db, {}) },
  {
    name: 'totalCount of the jobs of a month',
    run: (db) => countJobs(db, { createdAt: { from: month.from } }),
  },
  { name: 'totalCount of completed jobs', run: (db) => countJobs(db, { status: 'completed' }) },
  {
    name: "totalCount of a user's jobs",
    run: (db, { userIds }, index) => countJobs(db, { userId: at(userIds, index) }),
  },
  { name: 'totalCount of the audit log', run: (db) => countAuditLogs(db, {}) },
  { name: 'jobs by status of 20 users', run: (db, { userIds }) => countJobsByStatus(db, userIds) },
  {
    name: 'totalCount of a search of jobs',
    run: (db) => countJobMatches(db, { words: ['meeting'], userId: null }),
  },
  {
    name: 'totalCount of a search of segments',
    run: (db) => countSegmentMatches(db, { words: ['the'], userId: null }),
  },
];

export const queries: readonly Query[] = [
  ...pages.map((query) => ({ ...query, kind: 'page' as const })),
  ...sums.map((query) => ({ ...query, kind: 'sum' as const })),
];
