import type { Knex } from 'knex';
import { dialectOf, select } from './client.ts';
import { compiled, rowsOf } from './compiled.ts';
import { plain, type WriteParameter } from './dialect.ts';
import type { IndexedFilters } from './indexed.ts';
import { countAllJobs, countJobFigures, countJobsOfUsers } from './jobFigures.ts';
import {
  including,
  type JobSelection,
  jobSelection,
  type ReadJob,
  readJobs,
  selectBeside,
  selectJobs,
} from './jobSelection.ts';
import { type Ordering, type Page, type PageRequest, pageOf } from './keyset.ts';
import { metadataColumns } from './metadata.ts';
import {
  countOfEachParent,
  countRows,
  pageOfEachParentStatement,
  pageStatement,
  pagesOfEachParent,
} from './pages.ts';
import { fromZero, type Range, whereBetween } from './range.ts';
import { shownUserColumns } from './users.ts';
import { whenThere } from './whenThere.ts';

export const jobStatuses = [
  'queued',
  'processing',
  'enriching',
  'completed',
  'failed',
  'failed_timeout',
  'failed_launch_error',
  'failed_whisper_error',
  'failed_thread_exception',
  'failed_unknown',
  'cancelled',
] as const;

export type JobStatus = (typeof jobStatuses)[number];

/** Why an attempt failed. */
export type FailureCode =
  | 'PROGRAM_MISSING'
  | 'MODEL_MISSING'
  | 'LAUNCH_FAILED'
  | 'AUDIO_MISSING'
  | 'AUDIO_UNREADABLE'
  | 'TRANSCRIPTION_FAILED'
  | 'OUTPUT_INVALID'
  | 'WORKER_FAILED'
  | 'OTHER'
  | 'LEASE_EXPIRED'
  | 'OUT_OF_TIME';

/** Those whose transcript is there. Before, the segments of a job may be some of those that will be. */
export const transcribedStatuses: readonly JobStatus[] = ['enriching', 'completed'];

export interface JobRow {
  id: string;
  user_id: number;
  original_filename: string;
  model: string;
  status: JobStatus;
  created_at: string;
  updated_at: string;
  started_at: string | null;
  finished_at: string | null;
  processing_time_seconds: number | null;
  file_size_bytes: number | null;
  duration_seconds: number | null;
  priority: number;
  /** Not before this time; null for a job that nothing holds back. */
  run_after: string | null;
  attempt: number;
  max_attempts: number;
  progress: number | null;
  error_code: FailureCode | null;
  error_message: string | null;
}

/** Where the files lie on the server is not for clients, so those columns are not read. */
export const jobColumns = [
  'id',
  'user_id',
  'original_filename',
  'model',
  'status',
  'created_at',
  'updated_at',
  'started_at',
  'finished_at',
  'processing_time_seconds',
  'file_size_bytes',
  'duration_seconds',
  'priority',
  'run_after',
  'attempt',
  'max_attempts',
  'progress',
  'error_code',
  'error_message',
] as const satisfies readonly (keyof JobRow)[];

/** All of the job, and nothing beside it. */
export const wholeJob = jobSelection({ columns: jobColumns, user: null, metadata: null });

/**
 * What several selections need. Where they differ that is everything of what is read at all: there are too many
 * ways to join some columns and others, and each is a text.
 */
export function jointSelection(selections: readonly JobSelection[]): JobSelection {
  const [first] = selections;
  if (first && selections.every(({ key }) => key === first.key)) return first;
  return jobSelection({
    ...wholeJob,
    user: selections.some(({ user }) => user) ? shownUserColumns : null,
    metadata: selections.some(({ metadata }) => metadata) ? metadataColumns : null,
  });
}

export const isTranscribed = ({ status }: JobRow): boolean => transcribedStatuses.includes(status);

/** Those of jobs are all made below, of such columns. */
const columnOf = ({ column }: Ordering<JobRow>): keyof JobRow =>
  column.slice('jobs.'.length) as keyof JobRow;

const ordering = (
  name: string,
  column: keyof JobRow & string,
  kind: 'time' | 'real' | 'bigInteger',
): Ordering<JobRow> => ({
  name: `jobs.${name}`,
  column: `jobs.${column}`,
  kind,
  nullable: column !== 'created_at' && column !== 'updated_at',
  // Only columns of these kinds are named below.
  value: (row) => row[column] as string | number | null,
  idColumn: 'jobs.id',
  idType: 'text',
  id: (row) => row.id,
});

export const jobOrderings = {
  created_at: ordering('created_at', 'created_at', 'time'),
  updated_at: ordering('updated_at', 'updated_at', 'time'),
  finished_at: ordering('finished_at', 'finished_at', 'time'),
  duration_seconds: ordering('duration_seconds', 'duration_seconds', 'real'),
  processing_time_seconds: ordering('processing_time_seconds', 'processing_time_seconds', 'real'),
  file_size_bytes: ordering('file_size_bytes', 'file_size_bytes', 'bigInteger'),
};

/** The indexes of the migrations, as pages use them. */
export const indexedJobFilters: IndexedFilters = {
  'jobs.created_at': [
    ['userId', 'status', 'createdAt'],
    ['userId', 'model', 'createdAt'],
    ['status', 'model', 'createdAt'],
  ],
  'jobs.finished_at': [['userId']],
  'jobs.duration_seconds': [['userId', 'durationSeconds']],
  'jobs.processing_time_seconds': [['userId']],
  'jobs.file_size_bytes': [['userId', 'fileSizeBytes']],
};

export interface JobFilter {
  userId?: number | null | undefined;
  status?: JobStatus | null | undefined;
  model?: string | null | undefined;
  createdAt?: Range<string> | null | undefined;
  updatedAt?: Range<string> | null | undefined;
  durationSeconds?: Range<number> | null | undefined;
  fileSizeBytes?: Range<number> | null | undefined;
}

/** Ranges are written as values are, where it is not said otherwise. */
function filtered(
  db: Knex,
  query: Knex.QueryBuilder,
  filter: JobFilter,
  write: WriteParameter = plain,
  writeBound = write,
): Knex.QueryBuilder {
  const { userId, status, model } = filter;
  if (userId != null) query.whereRaw(`jobs.user_id = ${write('integer')}`, [userId]);
  if (status != null) query.whereRaw(`jobs.status = ${write('text')}`, [status]);
  if (model != null) query.whereRaw(`jobs.model = ${write('text')}`, [model]);
  whereBetween(db, query, jobOrderings.created_at, filter.createdAt, writeBound);
  whereBetween(db, query, jobOrderings.updated_at, filter.updatedAt, writeBound);
  whereBetween(db, query, jobOrderings.duration_seconds, filter.durationSeconds, writeBound);
  whereBetween(db, query, jobOrderings.file_size_bytes, filter.fileSizeBytes, writeBound);
  return query;
}

/** In no order; at once where that can be. */
export function findJobsByIds(
  db: Knex,
  ids: readonly string[],
  selection = wholeJob,
): ReadJob[] | Promise<ReadJob[]> {
  const { isAnyKey, keyList } = dialectOf(db);
  const statement = compiled(db, {
    shape: `findJobsByIds ${selection.key}`,
    values: { ids: keyList(ids) },
    build: (values) =>
      selectJobs(db, selection).whereRaw(isAnyKey('jobs.id', 'text'), [values.ids]),
  });
  return readJobs(db, statement, selection);
}

/** At most `limit` jobs of these users that changed since a time, in no order. */
export async function findJobsChangedSince(
  db: Knex,
  userIds: readonly number[],
  since: string,
  limit: number,
): Promise<JobRow[]> {
  const { eachKey, keyList } = dialectOf(db);
  return select<JobRow>(
    db,
    `SELECT ${jobColumns.map((column) => `jobs.${column}`).join(', ')}
       FROM ${eachKey('integer', 'k')} CROSS JOIN jobs
      WHERE jobs.user_id = k.value AND jobs.updated_at >= ? LIMIT ${limit}`,
    [keyList(userIds), since],
  );
}

/** The ids of jobs that the filter finds in these statuses, so many at most, in no order. */
export async function findJobIds(
  db: Knex,
  { filter, statuses, limit }: { filter: JobFilter; statuses: readonly JobStatus[]; limit: number },
): Promise<string[]> {
  const { isAnyOf, keyList } = dialectOf(db);
  const rows: { id: string }[] = await filtered(db, db('jobs').select('jobs.id'), filter)
    .whereRaw(isAnyOf('jobs.status', 'text'), [keyList(statuses)])
    .limit(limit, { skipBinding: true });
  return rows.map(({ id }) => id);
}

/** Those of the jobs that are in these statuses, which nobody else can change now. */
export async function findJobIdsToChange(
  transaction: Knex.Transaction,
  { ids, statuses }: { ids: readonly string[]; statuses: readonly JobStatus[] },
): Promise<string[]> {
  const { isAnyKey, keyList } = dialectOf(transaction);
  const rows: { id: string; status: JobStatus }[] = await transaction('jobs')
    .select('id', 'status')
    .whereRaw(isAnyKey('id', 'text'), [keyList(ids)])
    .forUpdate();
  return rows.filter(({ status }) => statuses.includes(status)).map(({ id }) => id);
}

export interface JobPageRequest {
  filter: JobFilter;
  page: PageRequest<JobRow>;
  /** The whole job where it is not said. */
  selection?: JobSelection;
}

/** What a page's statement reads: the column that it is ordered by makes the cursors. */
const pageSelection = ({ page, selection = wholeJob }: JobPageRequest): JobSelection =>
  including(selection, columnOf(page.ordering));

/** The filter with ranges that compiled statements can have. */
const comparable = (filter: JobFilter): JobFilter => ({
  ...filter,
  durationSeconds: fromZero(filter.durationSeconds),
  fileSizeBytes: fromZero(filter.fileSizeBytes),
});

/** At once where that can be: it is the page that is asked for most. */
export function findJobPage(
  db: Knex,
  request: JobPageRequest,
): Page<ReadJob> | Promise<Page<ReadJob>> {
  const { filter, page } = request;
  const selection = pageSelection(request);
  const statement = pageStatement(db, {
    shape: `jobs ${selection.key}`,
    filter: comparable(filter),
    page,
    select: () => selectJobs(db, selection),
    // Each value has an index; whether a span of time or size has few jobs, the planner has to see.
    narrow: (query, conditions) => filtered(db, query, conditions, dialectOf(db).unseen, plain),
  });
  return whenThere(readJobs(db, statement, selection), (rows) => pageOf(rows, page));
}

const ofUsers = (db: Knex) =>
  ({
    table: 'jobs',
    parentColumn: 'user_id',
    parentType: 'integer',
    narrow: (query: Knex.QueryBuilder, filter: JobFilter) =>
      filtered(db, query, filter, dialectOf(db).unseen),
  }) as const;

export async function findJobPagesByUserIds(
  db: Knex,
  userIds: readonly number[],
  request: JobPageRequest,
): Promise<Map<number, Page<ReadJob>>> {
  const { filter, page } = request;
  const selection = including(pageSelection(request), 'user_id');
  const statement = pageOfEachParentStatement(db, {
    ...ofUsers(db),
    columns: selection.columns,
    parents: userIds,
    filter: comparable(filter),
    page,
    along: {
      shape: selection.key,
      join: (pages) => selectBeside(db, pages, selection, 'page'),
    },
  });
  const rows = await readJobs(db, statement, selection);
  return pagesOfEachParent(rows, { parents: userIds, parentOf: (row) => row.user_id, page });
}

const isEndless = (range: Range<unknown> | null | undefined): boolean =>
  range?.from == null && range?.to == null;

/** Whether the rollup of jobs tells apart what the filter does. */
const isOfRollup = ({ updatedAt, durationSeconds, fileSizeBytes }: JobFilter): boolean =>
  isEndless(updatedAt) && isEndless(durationSeconds) && isEndless(fileSizeBytes);

/** Of the rollup where it can be, and then of days and hours; else all jobs are read that are counted. */
export async function countJobs(db: Knex, filter: JobFilter): Promise<number> {
  const { userId = null, status, model, createdAt } = filter;
  if (!isOfRollup(filter)) return countFilteredJobs(db, filter);
  if (createdAt && !isEndless(createdAt)) {
    return countJobFigures(db, { userId, createdAt, status, model });
  }
  if (userId === null) return countAllJobs(db, { status, model });
  return (await countJobsOfUsers(db, [userId], { status, model })).get(userId) ?? 0;
}

async function countFilteredJobs(db: Knex, filter: JobFilter): Promise<number> {
  return countRows(db, {
    table: 'jobs',
    filter: comparable(filter),
    narrow: (query, conditions) => filtered(db, query, conditions),
  });
}

export async function countJobsByUserIds(
  db: Knex,
  userIds: readonly number[],
  filter: JobFilter,
): Promise<Map<number, number>> {
  if (isOfRollup(filter) && isEndless(filter.createdAt))
    return countJobsOfUsers(db, userIds, filter);
  return countOfEachParent(db, { ...ofUsers(db), parents: userIds, filter: comparable(filter) });
}

export interface JobCountRow {
  user_id: number;
  status: JobStatus;
  count: number;
}

/** How many jobs each user has in each status. Statuses without any are left out. */
export async function countJobsByStatus(
  db: Knex,
  userIds: readonly number[],
): Promise<JobCountRow[]> {
  const { isAnyKey, keyList } = dialectOf(db);
  const statement = compiled(db, {
    shape: 'countJobsByStatus ',
    values: { userIds: keyList(userIds) },
    build: (values) =>
      db.raw(
        `SELECT user_id, status, sum(count) AS count FROM current_job_rollups
          WHERE scope = 'user' AND ${isAnyKey('user_id', 'integer')}
          GROUP BY user_id, status HAVING sum(count) > 0 ORDER BY user_id, count DESC, status`,
        [values.userIds],
      ),
  });
  return rowsOf(db, statement);
}
