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

/** What a claim does differently on the databases. */
interface ClaimDialect {
  /** The id of the job to take; binds the list of models twice. */
  nextJob: string;
  /** A time that is bound, later by the job's remaining time. */
  deadline: string;
}

/** The job of a line that goes first, of those that nobody is taking at this moment. */
const firstInLine = (user: string, model: string): string =>
  `status = 'queued' AND run_after IS NULL AND user_id = ${user} AND model = ${model}
   ORDER BY priority DESC, created_at, id`;

const sqliteClaim: ClaimDialect = {
  // CROSS keeps the order of the joins, so that each looks up one row by its index.
  nextJob: `SELECT job.id FROM (
      SELECT line.user_id
        FROM json_each(?) AS models CROSS JOIN queue_turns AS line ON line.rowid IN (
          SELECT rowid FROM queue_turns WHERE model = models.value AND waiting > 0
           ORDER BY turn, user_id LIMIT 1)
       ORDER BY line.turn, line.user_id LIMIT 1
    ) AS next CROSS JOIN json_each(?) AS models CROSS JOIN jobs AS job ON job.rowid IN (
      SELECT rowid FROM jobs WHERE ${firstInLine('next.user_id', 'models.value')} LIMIT 1)
     ORDER BY job.priority DESC, job.created_at, job.id LIMIT 1`,
  deadline: `strftime('%Y-%m-%dT%H:%M:%fZ', ?, printf('%.3f seconds', remaining_seconds))`,
};

/** How many claims at the same moment find a job each, where all are of one user or each of another. */
const AT_ONCE = 16;

const postgresClaim: ClaimDialect = {
  // The joins are lateral, so users are tried in their order, until one has a job that is not locked.
  nextJob: `SELECT job.id FROM (
      SELECT line.user_id
        FROM unnest(?::text[]) AS models (model) CROSS JOIN LATERAL (
          SELECT user_id, turn FROM queue_turns WHERE queue_turns.model = models.model AND waiting > 0
           ORDER BY turn, user_id LIMIT ${AT_ONCE}) AS line
       ORDER BY line.turn, line.user_id LIMIT ${AT_ONCE}
    ) AS next CROSS JOIN LATERAL (
      SELECT jobs.id FROM unnest(?::text[]) AS models (model) CROSS JOIN LATERAL (
          SELECT id FROM jobs WHERE ${firstInLine('next.user_id', 'models.model')}
           LIMIT ${AT_ONCE}) AS first JOIN jobs ON jobs.id = first.id AND status = 'queued'
       ORDER BY jobs.priority DESC, jobs.created_at, jobs.id LIMIT 1
         FOR UPDATE OF jobs SKIP LOCKED
    ) AS job LIMIT 1`,
  deadline: `?::timestamptz + remaining_seconds * interval '1 second'`,
};

const claimDialectOf = (dialect: Dialect): ClaimDialect =>
  dialect === sqlite ? sqliteClaim : postgresClaim;

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
  const { nextJob, deadline } = claimDialectOf(dialect);
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
