import type { Knex } from 'knex';
import { dialectOf, select } from './client.ts';
import type { Dialect } from './dialect.ts';
import { type JobRow, type JobStatus, jobColumns } from './jobs.ts';
import { sqlite } from './sqlite.ts';

/** A job with the columns that only the queue and its workers know. */
export interface QueueJobRow extends JobRow {
  saved_filename: string;
  /** The id of the worker's key. */
  claimed_by: string | null;
  lease_expires_at: string | null;
  /** When the time that workers may spend on it is over; null while nobody works on it. */
  deadline_at: string | null;
  /** How much of that time was left when nobody worked on it last. */
  remaining_seconds: number;
}

const queueJobColumns = [
  ...jobColumns,
  'saved_filename',
  'claimed_by',
  'lease_expires_at',
  'deadline_at',
  'remaining_seconds',
] as const satisfies readonly (keyof QueueJobRow)[];

export interface NewQueueJob {
  id: string;
  user_id: number;
  original_filename: string;
  saved_filename: string;
  model: string;
  status: JobStatus;
  created_at: string;
  updated_at: string;
  file_size_bytes: number;
  duration_seconds: number | null;
  priority: number;
  run_after: string | null;
  max_attempts: number;
  remaining_seconds: number;
  idempotency_key: string | null;
}

/**
 * How many jobs a transaction changes at most that nobody waits for. Each has its place in some thirty indexes:
 * of 40, a change and its COMMIT, of 700 pages, held the thread of SQLite for up to 24 and 13 ms.
 */
export const STEP = 10;

/** Null where the user has a job with the same idempotency key. */
export async function insertJob(db: Knex, job: NewQueueJob): Promise<JobRow | null> {
  const [row]: JobRow[] = await db('jobs')
    .insert(job)
    .onConflict(['user_id', 'idempotency_key'])
    .ignore()
    .returning(jobColumns);
  return row ?? null;
}

export async function findJobByIdempotencyKey(
  db: Knex,
  userId: number,
  key: string,
): Promise<JobRow | null> {
  const [row]: JobRow[] = await db('jobs')
    .select(jobColumns)
    .where({ user_id: userId, idempotency_key: key })
    .limit(1, { skipBinding: true });
  return row ?? null;
}

/** The job, which nobody else can change before the transaction ends. */
export async function findJobToChange(
  transaction: Knex.Transaction,
  id: string,
): Promise<QueueJobRow | null> {
  const [row]: QueueJobRow[] = await transaction('jobs')
    .select(queueJobColumns)
    .where('id', id)
    .limit(1, { skipBinding: true })
    .forUpdate();
  return row ?? null;
}

export type JobChanges = Partial<Omit<QueueJobRow, 'id' | 'user_id' | 'created_at'>>;

/** Changes a job of the transaction's, which `findJobToChange` gave. */
export async function updateJob(
  transaction: Knex.Transaction,
  id: string,
  changes: JobChanges,
): Promise<QueueJobRow> {
  const [row]: QueueJobRow[] = await transaction('jobs')
    .where('id', id)
    .update(changes)
    .returning(queueJobColumns);
  if (!row) throw new Error(`job ${id} is not there, though it was locked`);
  return row;
}

export interface Claim {
  models: readonly string[];
  claimedBy: string;
  now: string;
  leaseExpiresAt: string;
}

/** What the queue does differently on the databases. */
interface QueueDialect {
  /** The id of the job to take; binds the list of models twice. */
  nextJob: string;
  /** A time that is bound, later by the job's remaining time. */
  deadline: string;
  /** Keeps apart the transactions that change jobs of many users: none where all are kept apart. */
  lockMany: string | null;
}

/** The job of a line that goes first, of those that nobody is taking at this moment. */
const firstInLine = (user: string, model: string): string =>
  `status = 'queued' AND run_after IS NULL AND user_id = ${user} AND model = ${model}
   ORDER BY priority DESC, created_at, id`;

const sqliteQueue: QueueDialect = {
  // CROSS keeps the order of the joins, so that each looks up one row by its index. It is `=` and not IN,
  // for which the planner would read all lines where they are some hundreds.
  nextJob: `SELECT job.id FROM (
      SELECT line.user_id
        FROM json_each(?) AS models CROSS JOIN queue_turns AS line ON line.rowid = (
          SELECT rowid FROM queue_turns WHERE model = models.value AND waiting > 0
           ORDER BY turn, user_id LIMIT 1)
       ORDER BY line.turn, line.user_id LIMIT 1
    ) AS next CROSS JOIN json_each(?) AS models CROSS JOIN jobs AS job ON job.rowid = (
      SELECT rowid FROM jobs WHERE ${firstInLine('next.user_id', 'models.value')} LIMIT 1)
     ORDER BY job.priority DESC, job.created_at, job.id LIMIT 1`,
  deadline: `strftime('%Y-%m-%dT%H:%M:%fZ', ?, printf('%.3f seconds', remaining_seconds))`,
  lockMany: null,
};

/** How many claims at the same moment find a job each, where all are of one user or each of another. */
const AT_ONCE = 16;

const postgresQueue: QueueDialect = {
  // The joins are lateral, so users are tried in their order, until one has a job that is not locked. The first of its
  // lines are put in order by the index alone, and looked up one by one, which mostly ends with the first.
  nextJob: `SELECT job.id FROM (
      SELECT line.user_id
        FROM unnest(?::text[]) AS models (model) CROSS JOIN LATERAL (
          SELECT user_id, turn FROM queue_turns WHERE queue_turns.model = models.model AND waiting > 0
           ORDER BY turn, user_id LIMIT ${AT_ONCE}) AS line
       ORDER BY line.turn, line.user_id LIMIT ${AT_ONCE}
    ) AS next CROSS JOIN LATERAL (
      SELECT jobs.id FROM (
        SELECT first.* FROM unnest(?::text[]) AS models (model) CROSS JOIN LATERAL (
          SELECT id, priority, created_at FROM jobs
           WHERE ${firstInLine('next.user_id', 'models.model')} LIMIT ${AT_ONCE}) AS first
         ORDER BY first.priority DESC, first.created_at, first.id OFFSET 0
      ) AS first JOIN jobs ON jobs.id = first.id AND status = 'queued'
       ORDER BY first.priority DESC, first.created_at, first.id LIMIT 1
         FOR UPDATE OF jobs SKIP LOCKED
    ) AS job LIMIT 1`,
  deadline: `?::timestamptz + remaining_seconds * interval '1 second'`,
  // They take the locks of their users one after the other, so two of them could wait for each other.
  lockMany: "SELECT pg_advisory_xact_lock(hashtext('queue'))",
};

const queueDialectOf = (dialect: Dialect): QueueDialect =>
  dialect === sqlite ? sqliteQueue : postgresQueue;

/**
 * Takes the next job that a worker can run: of the user whose last turn is longest ago, the one of the
 * highest priority, then the oldest. Null where nothing is in line. What it reads does not depend on the
 * length of the lines, nor on who waits for other models.
 */
export async function updateNextJob(
  transaction: Knex.Transaction,
  { models, claimedBy, now, leaseExpiresAt }: Claim,
): Promise<QueueJobRow | null> {
  const dialect = dialectOf(transaction);
  const { nextJob, deadline } = queueDialectOf(dialect);
  const keys = dialect.keyList(models);
  const [row] = await select<QueueJobRow>(
    transaction,
    `UPDATE jobs SET status = 'processing', attempt = attempt + 1, claimed_by = ?, lease_expires_at = ?,
            deadline_at = ${deadline}, started_at = ?, updated_at = ?, progress = NULL,
            error_code = NULL, error_message = NULL
      WHERE id = (${nextJob}) RETURNING ${queueJobColumns.join(', ')}`,
    [claimedBy, leaseExpiresAt, now, now, now, keys, keys],
  );
  return row ?? null;
}

/** Puts a user behind all others, for each of the models that the worker could have run. */
export async function updateTurns(
  transaction: Knex.Transaction,
  { userId, models }: { userId: number; models: readonly string[] },
): Promise<void> {
  const dialect = dialectOf(transaction);
  await transaction.raw(
    `UPDATE queue_turns SET turn = (SELECT max(turn) + 1 FROM queue_turns)
      WHERE user_id = ? AND ${dialect.isAnyOf('model', 'text')}`,
    [userId, dialect.keyList(models)],
  );
}

export async function deleteJobRow(transaction: Knex.Transaction, id: string): Promise<void> {
  await transaction('jobs').where('id', id).delete();
}

/** Jobs that a worker has, and whose lease or time is over at this moment: the longest over first. */
export async function findOverdueJobIds(db: Knex, now: string): Promise<string[]> {
  const overdue = (column: string): string =>
    `SELECT id FROM (SELECT id FROM jobs WHERE ${column} <= ? ORDER BY ${column}, id LIMIT ${STEP}) AS ${column}`;
  const rows = await select<{ id: string }>(
    db,
    `${overdue('lease_expires_at')} UNION ${overdue('deadline_at')}`,
    [now, now],
  );
  return rows.map(({ id }) => id);
}

/** To be called first by a transaction that changes jobs of many users. */
export async function lockMany(transaction: Knex.Transaction): Promise<void> {
  const { lockMany: statement } = queueDialectOf(dialectOf(transaction));
  if (statement) await transaction.raw(statement);
}

/** Puts jobs into line whose time has come, the earliest first, and gives how many, `STEP` at most. */
export async function updateDueJobs(transaction: Knex.Transaction, now: string): Promise<number> {
  await lockMany(transaction);
  const rows = await select(
    transaction,
    `UPDATE jobs SET run_after = NULL, updated_at = ? WHERE status = 'queued' AND id IN (
       SELECT id FROM jobs WHERE status = 'queued' AND run_after <= ?
        ORDER BY run_after, id LIMIT ${STEP}) RETURNING id`,
    [now, now],
  );
  return rows.length;
}

/** Changes jobs of the transaction's, which `findJobIdsToChange` gave, and gives them more attempts. */
export async function updateJobsToRedrive(
  transaction: Knex.Transaction,
  ids: readonly string[],
  { moreAttempts, changes }: { moreAttempts: number; changes: JobChanges },
): Promise<void> {
  const { isAnyKey, keyList } = dialectOf(transaction);
  await transaction('jobs')
    .whereRaw(isAnyKey('id', 'text'), [keyList(ids)])
    .update({ ...changes, max_attempts: transaction.raw('attempt + ?', [moreAttempts]) });
}
