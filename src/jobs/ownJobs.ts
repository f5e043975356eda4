import { setImmediate as othersHaveATurn } from 'node:timers/promises';
import type { Knex } from 'knex';
import { v7 as uuid } from 'uuid';
import { InvalidInputError } from '../auth/accountErrors.ts';
import { audited, type Written } from '../auth/audit.ts';
import type { Viewer } from '../auth/viewer.ts';
import { visibleJob } from '../auth/visibility.ts';
import type { JobRow } from '../db/jobs.ts';
import {
  deleteJobRow,
  findJobByIdempotencyKey,
  findJobToChange,
  insertJob,
  type JobChanges,
  type NewQueueJob,
  type QueueJobRow,
} from '../db/queue.ts';
import { deleteLastSegments } from '../db/transcripts.ts';
import { ApiError } from '../errors.ts';
import { PIECE_SEGMENTS } from '../transcripts/whisperTranscript.ts';
import { IdempotencyConflictError, IllegalStatusChangeError } from './jobErrors.ts';
import { aboutJob, changeStatus, ended, type JobActor, type QueueSettings } from './leases.ts';
import { isWorkedOn } from './statusChanges.ts';

/** A person, who changes jobs that they see. */
export type JobOwner = JobActor & { viewer: Extract<Viewer, { kind: 'user' }> };

export const MAX_ATTEMPTS = { min: 1, max: 20, default: 3 } as const;
export const PRIORITY = { min: -100, max: 100 } as const;

export interface CreateJobInput {
  filename: string;
  model: string;
  fileSizeBytes: number;
  durationSeconds: number | null;
  priority: number;
  runAfter: Date | null;
  maxAttempts: number;
  idempotencyKey: string | null;
}

function check(field: string, isRight: boolean, rule: string): void {
  if (!isRight) throw new InvalidInputError(field, rule);
}

const isBetween = (value: number, { min, max }: { min: number; max: number }): boolean =>
  value >= min && value <= max;

const hasControlCharacters = (text: string): boolean => /\p{Cc}/u.test(text);

/** The name in one spelling: macOS sends `é` as two characters, others as one. */
function normalizedFilename(filename: string): string {
  const normalized = filename.normalize('NFC').trim();
  check(
    'filename',
    normalized.length >= 1 &&
      normalized.length <= 255 &&
      normalized.isWellFormed() &&
      !/[/\\]/.test(normalized) &&
      !hasControlCharacters(normalized),
    'A file name has 1 to 255 characters, and no slashes or control characters.',
  );
  return normalized;
}

function checkInput(input: CreateJobInput): void {
  const { model, fileSizeBytes, durationSeconds, priority, maxAttempts, idempotencyKey } = input;
  check(
    'model',
    /^[\p{L}\p{N}][\p{L}\p{N}._/:+-]{0,99}$/u.test(model),
    'A model has 1 to 100 letters, digits and . _ / : + -, and begins with a letter or digit.',
  );
  check('fileSizeBytes', fileSizeBytes >= 0, `A size is not negative; this is ${fileSizeBytes}.`);
  check(
    'durationSeconds',
    durationSeconds === null || durationSeconds >= 0,
    `A duration is not negative; this is ${durationSeconds}.`,
  );
  check(
    'priority',
    isBetween(priority, PRIORITY),
    `A priority is ${PRIORITY.min} to ${PRIORITY.max}; this is ${priority}.`,
  );
  check(
    'maxAttempts',
    isBetween(maxAttempts, MAX_ATTEMPTS),
    `There may be ${MAX_ATTEMPTS.min} to ${MAX_ATTEMPTS.max} attempts; this is ${maxAttempts}.`,
  );
  check(
    'idempotencyKey',
    idempotencyKey === null ||
      (isBetween(idempotencyKey.length, { min: 1, max: 200 }) && idempotencyKey.isWellFormed()),
    'A key has 1 to 200 characters.',
  );
}

/** The ending of a file's name, where it has a plain one. */
const extensionOf = (filename: string): string =>
  /\.[a-z0-9]{1,10}$/.exec(filename.toLowerCase())?.[0] ?? '';

function newJob({ viewer, queue }: JobOwner, input: CreateJobInput): NewQueueJob {
  const now = queue.clock();
  const id = uuid({ msecs: now.getTime() });
  return {
    id,
    user_id: viewer.user.id,
    original_filename: input.filename,
    saved_filename: id + extensionOf(input.filename),
    model: input.model,
    status: 'queued',
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
    file_size_bytes: input.fileSizeBytes,
    duration_seconds: input.durationSeconds,
    priority: input.priority,
    run_after: input.runAfter && input.runAfter > now ? input.runAfter.toISOString() : null,
    max_attempts: input.maxAttempts,
    remaining_seconds: queue.budgetSeconds,
    idempotency_key: input.idempotencyKey,
  };
}

/** The job that was made with the key before. Throws where it is for another file or model. */
async function jobMadeBefore(
  transaction: Knex.Transaction,
  { user_id, idempotency_key, ...wanted }: NewQueueJob,
): Promise<JobRow> {
  const key = idempotency_key ?? '';
  const job = await findJobByIdempotencyKey(transaction, user_id, key);
  if (!job) throw new Error(`a job with the key ${key} was in the way, and is not there`);
  for (const column of ['original_filename', 'model', 'file_size_bytes'] as const) {
    if (job[column] !== wanted[column]) {
      throw new IdempotencyConflictError(
        key,
        `its ${column} is "${job[column]}", not "${wanted[column]}"`,
      );
    }
  }
  return job;
}

/** Puts a file into the queue; a key that was used before gives the job that it made then. */
export async function createJob(owner: JobOwner, input: CreateJobInput): Promise<JobRow> {
  checkInput(input);
  const job = newJob(owner, { ...input, filename: normalizedFilename(input.filename) });
  return audited(owner, async (transaction) => {
    const row = await insertJob(transaction, job);
    if (row) return { result: row, event: aboutJob('job_created', row) };
    const before = await jobMadeBefore(transaction, job);
    return { result: before, event: aboutJob('job_created', before, 'there already') };
  });
}

/** Runs a change of a job that the viewer sees. Throws NOT_FOUND where they see no such job. */
export async function ofOwnJob<Result>(
  owner: JobOwner,
  id: string,
  write: (transaction: Knex.Transaction, job: QueueJobRow) => Promise<Written<Result>>,
): Promise<Result> {
  return audited(owner, async (transaction) => {
    const job = visibleJob(owner.viewer, await findJobToChange(transaction, id));
    if (!job) throw new ApiError('NOT_FOUND', 'There is no such job.');
    return write(transaction, job);
  });
}

/** Gives a job up. The worker that has it learns of it when it next says something. */
export async function cancelJob(owner: JobOwner, id: string): Promise<JobRow> {
  return ofOwnJob(owner, id, async (transaction, job) => {
    const now = owner.queue.clock();
    const row = await changeStatus(transaction, job, {
      to: 'cancelled',
      now,
      changes: ended(job, now),
    });
    return { result: row, event: aboutJob('job_cancelled', job, `it was ${job.status}`) };
  });
}

/** The columns of a job that begins anew. */
export const begunAnew = ({ budgetSeconds }: QueueSettings): JobChanges => ({
  run_after: null,
  started_at: null,
  finished_at: null,
  processing_time_seconds: null,
  progress: null,
  error_code: null,
  error_message: null,
  remaining_seconds: budgetSeconds,
});

/** Puts a job back into the queue that failed for good or was cancelled, with new attempts and time. */
export async function retryJob(owner: JobOwner, id: string): Promise<JobRow> {
  return ofOwnJob(owner, id, async (transaction, job) => {
    if (isWorkedOn(job.status)) throw new IllegalStatusChangeError(job.status, 'queued');
    const row = await changeStatus(transaction, job, {
      to: 'queued',
      now: owner.queue.clock(),
      changes: { ...begunAnew(owner.queue), max_attempts: job.attempt + MAX_ATTEMPTS.default },
    });
    return { result: row, event: aboutJob('job_retried', job, `it was ${job.status}`) };
  });
}

/**
 * Deletes a job with its transcript. The worker that has it learns of it when it next says something.
 * 20,000 segments and their index in one transaction would hold everybody up for half a second, so they go
 * in pieces, from the end. Where that is cut off the job is there with the rest, and can be deleted again.
 */
export async function deleteJob(owner: JobOwner, id: string): Promise<JobRow> {
  let deleted: number;
  do {
    deleted = await ofOwnJob(owner, id, async (transaction, job) => {
      const count = await deleteLastSegments(transaction, id, PIECE_SEGMENTS);
      const isLong = count === PIECE_SEGMENTS;
      return { result: count, event: isLong ? aboutJob('job_segments_deleted', job) : null };
    });
    await othersHaveATurn();
  } while (deleted === PIECE_SEGMENTS);
  return ofOwnJob(owner, id, async (transaction, job) => {
    await deleteJobRow(transaction, id);
    return { result: job, event: aboutJob('job_deleted', job, `it was ${job.status}`) };
  });
}
