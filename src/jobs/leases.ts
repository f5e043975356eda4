import type { Knex } from 'knex';
import { type Actor, type AuditEvent, audited, type Written } from '../auth/audit.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { FailureCode, JobStatus } from '../db/jobs.ts';
import {
  findJobToChange,
  type JobChanges,
  type QueueJobRow,
  updateJob,
  updateNextJob,
  updateTurns,
} from '../db/queue.ts';
import { ApiError } from '../errors.ts';
import { failures, type WorkerFailureCode } from './failures.ts';
import { leaseLost } from './jobErrors.ts';
import { checkStatusChange, isWorkedOn } from './statusChanges.ts';

/** What the queue is told from outside. */
export interface QueueSettings {
  clock: () => Date;
  /** How long workers may spend on a job in all. */
  budgetSeconds: number;
  /** How long a job waits after its first failed attempt; twice as long after each further one. */
  retryDelaySeconds: number;
}

/** Who changes jobs, and the queue that they are in. */
export interface JobActor extends Actor {
  queue: QueueSettings;
}

/** A worker that sends its key. */
export type Worker = JobActor & { viewer: Extract<Viewer, { kind: 'worker' }> };

/** What a worker proves its lease by: the attempt is another at each claim of the job. */
export interface LeaseToken {
  jobId: string;
  attempt: number;
}

export const LEASE_SECONDS = { min: 1, max: 3600, default: 60 } as const;

/** More than there are; and what a claim costs grows with them. */
const MAX_MODELS = 50;

const MAX_RETRY_DELAY_SECONDS = 3600;
const MAX_MESSAGE_LENGTH = 10_000;

const secondsLater = (time: Date, seconds: number): string =>
  new Date(time.getTime() + seconds * 1000).toISOString();

const secondsBetween = (from: string, to: Date): number => (to.getTime() - Date.parse(from)) / 1000;

export const aboutJob = (
  eventType: string,
  { id }: Pick<QueueJobRow, 'id'>,
  details?: string,
): AuditEvent => ({
  eventType,
  severity: 'info',
  statusCode: 200,
  resourceType: 'job',
  resourceId: id,
  ...(details !== undefined && { details }),
});

function checkLeaseSeconds(seconds: number): void {
  const { min, max } = LEASE_SECONDS;
  if (seconds >= min && seconds <= max) return;
  throw new ApiError('BAD_USER_INPUT', `"leaseSeconds" is ${seconds}; it is ${min} to ${max}.`);
}

function checkModels(models: readonly string[]): void {
  if (models.length >= 1 && models.length <= MAX_MODELS) return;
  throw new ApiError(
    'BAD_USER_INPUT',
    `"models" has ${models.length} entries; it takes 1 to ${MAX_MODELS}.`,
  );
}

/** Takes the next job for a worker; null where there is none that it can run. */
export async function claimNextJob(
  worker: Worker,
  { models, leaseSeconds }: { models: readonly string[]; leaseSeconds: number },
): Promise<QueueJobRow | null> {
  checkModels(models);
  checkLeaseSeconds(leaseSeconds);
  return audited(worker, async (transaction) => {
    const now = worker.queue.clock();
    const job = await updateNextJob(transaction, {
      models,
      claimedBy: String(worker.viewer.key.id),
      now: now.toISOString(),
      leaseExpiresAt: secondsLater(now, leaseSeconds),
    });
    if (!job) return { result: null, event: null };
    await updateTurns(transaction, { userId: job.user_id, models });
    return { result: job, event: aboutJob('job_claimed', job, `attempt ${job.attempt}`) };
  });
}

/** Throws LEASE_LOST where the worker does not hold the lease that the token names, for any reason. */
function checkLease(
  { queue, viewer }: Worker,
  { attempt }: LeaseToken,
  job: QueueJobRow | null,
): asserts job is QueueJobRow {
  if (!job) throw leaseLost('There is no such job any more.');
  if (job.attempt !== attempt) {
    throw leaseLost(`This is attempt ${attempt}; the job is at attempt ${job.attempt}.`);
  }
  if (!isWorkedOn(job.status)) throw leaseLost(`The job is ${job.status}.`);
  if (job.claimed_by !== String(viewer.key.id)) throw leaseLost('Another worker took the job.');
  const now = queue.clock().toISOString();
  if (job.lease_expires_at === null || job.lease_expires_at <= now) {
    throw leaseLost(`The lease was over at ${job.lease_expires_at}.`);
  }
  if (job.deadline_at !== null && job.deadline_at <= now) {
    throw leaseLost(`The time for this job was over at ${job.deadline_at}.`);
  }
}

/**
 * Runs a change of a job for the worker that holds its lease, and writes the audit log, both or neither.
 * The job can't be changed by anybody else meanwhile. Throws LEASE_LOST, and changes nothing, where the
 * worker does not hold the lease any more.
 */
export async function underLease<Result>(
  worker: Worker,
  token: LeaseToken,
  write: (transaction: Knex.Transaction, job: QueueJobRow) => Promise<Written<Result>>,
): Promise<Result> {
  return audited(worker, async (transaction) => {
    const job = await findJobToChange(transaction, token.jobId);
    checkLease(worker, token, job);
    return write(transaction, job);
  });
}

/** Changes the status of a job of the transaction's. Throws where there is no such change. */
export async function changeStatus(
  transaction: Knex.Transaction,
  job: QueueJobRow,
  { to, now, changes = {} }: { to: JobStatus; now: Date; changes?: JobChanges },
): Promise<QueueJobRow> {
  checkStatusChange(job.status, to);
  return updateJob(transaction, job.id, { status: to, updated_at: now.toISOString(), ...changes });
}

const noLease = { claimed_by: null, lease_expires_at: null, deadline_at: null } as const;

/** The columns of a job that has ended, well or not. */
export function ended(job: QueueJobRow, now: Date): JobChanges {
  return {
    ...noLease,
    finished_at: now.toISOString(),
    processing_time_seconds: job.started_at === null ? null : secondsBetween(job.started_at, now),
  };
}

/** The columns of a job that nobody works on any more, and that is not done. */
function givenBack({ deadline_at }: QueueJobRow, now: Date, runAfter: string | null): JobChanges {
  return {
    ...noLease,
    started_at: null,
    progress: null,
    run_after: runAfter,
    ...(deadline_at !== null && {
      remaining_seconds: Math.max(0, -secondsBetween(deadline_at, now)),
    }),
  };
}

/** Says that the worker is alive, and how far it is: the lease then begins anew. */
export async function reportProgress(
  worker: Worker,
  token: LeaseToken,
  { progress, leaseSeconds }: { progress: number | null; leaseSeconds: number },
): Promise<QueueJobRow> {
  checkLeaseSeconds(leaseSeconds);
  if (progress !== null && !(progress >= 0 && progress <= 1)) {
    throw new ApiError('BAD_USER_INPUT', `"progress" is ${progress}; it is 0 to 1.`);
  }
  return underLease(worker, token, async (transaction, job) => {
    const now = worker.queue.clock();
    const row = await updateJob(transaction, job.id, {
      updated_at: now.toISOString(),
      lease_expires_at: secondsLater(now, leaseSeconds),
      ...(progress !== null && { progress }),
    });
    return { result: row, event: aboutJob('job_progress_reported', job, `attempt ${job.attempt}`) };
  });
}

/** How long a job waits after its latest attempt. */
const retryDelaySeconds = ({ retryDelaySeconds: first }: QueueSettings, attempt: number): number =>
  Math.min(first * 2 ** (attempt - 1), MAX_RETRY_DELAY_SECONDS);

/** Puts a job that failed back into the queue, where another attempt may help; else it failed for good. */
export async function settleFailure(
  transaction: Knex.Transaction,
  job: QueueJobRow,
  { queue, code, message }: { queue: QueueSettings; code: FailureCode; message: string },
): Promise<Written<QueueJobRow>> {
  const now = queue.clock();
  const { status, isTriedAgain } = failures[code];
  const why = { error_code: code, error_message: message.slice(0, MAX_MESSAGE_LENGTH) };
  if (isTriedAgain && job.attempt < job.max_attempts) {
    const runAfter = secondsLater(now, retryDelaySeconds(queue, job.attempt));
    const row = await changeStatus(transaction, job, {
      to: 'queued',
      now,
      changes: { ...givenBack(job, now, runAfter), ...why },
    });
    return { result: row, event: aboutJob('job_attempt_failed', job, code) };
  }
  const row = await changeStatus(transaction, job, {
    to: status,
    now,
    changes: { ...ended(job, now), ...why },
  });
  const event: AuditEvent = { ...aboutJob('job_failed', job, code), severity: 'warning' };
  return { result: row, event };
}

/** Ends an attempt that came to nothing. */
export async function failJob(
  worker: Worker,
  token: LeaseToken,
  failure: { code: WorkerFailureCode; message: string },
): Promise<QueueJobRow> {
  return underLease(worker, token, (transaction, job) =>
    settleFailure(transaction, job, { queue: worker.queue, ...failure }),
  );
}

/**
 * Gives a job back that the worker does not want to go on with. It was no failed attempt, so the job may
 * have one more; its number stays as it is, since it is the token of the lease.
 */
export async function releaseJob(worker: Worker, token: LeaseToken): Promise<QueueJobRow> {
  return underLease(worker, token, async (transaction, job) => {
    const now = worker.queue.clock();
    const row = await changeStatus(transaction, job, {
      to: 'queued',
      now,
      changes: { ...givenBack(job, now, null), max_attempts: job.max_attempts + 1 },
    });
    return { result: row, event: aboutJob('job_released', job, `attempt ${job.attempt}`) };
  });
}
