import { setImmediate as othersHaveATurn } from 'node:timers/promises';
import { findJobsByIds, type JobRow } from '../db/jobs.ts';
import {
  deleteLastSegments,
  findLastSegment,
  insertMetadata,
  insertTranscriptSegments,
} from '../db/transcripts.ts';
import { ApiError } from '../errors.ts';
import { InvalidTranscriptError } from '../transcripts/invalidTranscript.ts';
import {
  type CheckedTranscript,
  checkTranscript,
  type TranscriptFile,
} from '../transcripts/receivedTranscript.ts';
import { PIECE_SEGMENTS, type TranscriptSummary } from '../transcripts/whisperTranscript.ts';
import { leaseLost } from './jobErrors.ts';
import {
  aboutJob,
  changeStatus,
  ended,
  type LeaseToken,
  underLease,
  type Worker,
} from './leases.ts';

// One transaction for 20,000 segments and their index would take half a second, and SQLite lets nobody else
// write meanwhile, nor, on the one connection that serves, read. So all is checked before anything is
// written; the segments are written in pieces, each under the lease, while nobody sees them: only those of a
// completed job are shown. The last transaction completes the job, with its metadata. PostgreSQL could do
// it in one, but then there were two ways to be right in. Whatever is cut off before leaves segments that
// nobody sees, and the next attempt deletes them first, in pieces too.

/** Eleven days, as for the times in a transcript. */
const MAX_DURATION_SECONDS = 1_000_000;

/** What a worker hands in. */
export interface Completion {
  transcript: TranscriptFile;
  /** The length of the audio; null where the worker does not know it. */
  durationSeconds: number | null;
}

/** The last segment that this request wrote: it is the last of the job, unless another request writes too. */
type Last = Awaited<ReturnType<typeof findLastSegment>>;

const displaced = () => leaseLost('Another request hands in a transcript for this attempt.');

/** Throws LEASE_LOST where another request of the same worker has begun anew: it deletes from the end. */
function checkIsLast(expected: Last, found: Last): void {
  if (expected?.id !== found?.id) throw displaced();
}

async function deleteLeftovers(worker: Worker, token: LeaseToken): Promise<void> {
  let deleted: number;
  do {
    deleted = await underLease(worker, token, async (transaction, job) => ({
      result: await deleteLastSegments(transaction, job.id, PIECE_SEGMENTS),
      event: null,
    }));
    await othersHaveATurn();
  } while (deleted === PIECE_SEGMENTS);
}

async function storeSegments(
  worker: Worker,
  token: LeaseToken,
  pieces: ReturnType<CheckedTranscript['pieces']>,
): Promise<Last> {
  let last: Last = null;
  for await (const rows of pieces) {
    last = await underLease(worker, token, async (transaction, job) => {
      checkIsLast(last, await findLastSegment(transaction, job.id));
      await insertTranscriptSegments(transaction, rows);
      return { result: await findLastSegment(transaction, job.id), event: null };
    });
    await othersHaveATurn();
  }
  return last;
}

const wordsPerMinute = ({ wordCount, durationSeconds }: TranscriptSummary): number | null =>
  durationSeconds === 0 ? null : wordCount / (durationSeconds / 60);

async function complete(
  worker: Worker,
  token: LeaseToken,
  { summary, last }: { summary: TranscriptSummary; last: Last },
): Promise<JobRow> {
  return underLease(worker, token, async (transaction, job) => {
    checkIsLast(last, await findLastSegment(transaction, job.id));
    const now = worker.queue.clock();
    await insertMetadata(transaction, {
      job_id: job.id,
      tokens: summary.tokens,
      duration: summary.durationSeconds,
      language: summary.language,
      wpm: wordsPerMinute(summary),
      generated_at: now.toISOString(),
    });
    const row = await changeStatus(transaction, job, {
      to: 'completed',
      now,
      changes: { ...ended(job, now), progress: 1, duration_seconds: summary.durationSeconds },
    });
    const details = `attempt ${job.attempt}, ${summary.segmentCount} segments`;
    return { result: row, event: aboutJob('job_completed', job, details) };
  });
}

/** Throws INVALID_TRANSCRIPT, before anything is written. */
async function checked(file: TranscriptFile, durationSeconds: number | null) {
  try {
    return await checkTranscript(file, durationSeconds);
  } catch (error) {
    if (!(error instanceof InvalidTranscriptError)) throw error;
    throw new ApiError('INVALID_TRANSCRIPT', error.message, { segment: error.segment });
  }
}

async function storeAndComplete(
  worker: Worker,
  token: LeaseToken,
  { transcript, durationSeconds }: Completion,
): Promise<JobRow> {
  const job = await underLease(worker, token, async (_transaction, row) => ({
    result: row,
    event: null,
  }));
  const read = await checked(transcript, durationSeconds ?? job.duration_seconds);
  try {
    await deleteLeftovers(worker, token);
    const last = await storeSegments(worker, token, read.pieces(job.id));
    return await complete(worker, token, { summary: read.summary, last });
  } finally {
    await read.close();
  }
}

function checkDuration(seconds: number | null): void {
  if (seconds === null || (seconds >= 0 && seconds <= MAX_DURATION_SECONDS)) return;
  throw new ApiError(
    'BAD_USER_INPUT',
    `"durationSeconds" is ${seconds}; it is 0 to ${MAX_DURATION_SECONDS}.`,
  );
}

/**
 * Stores a transcript and completes the job. Asked once more with the same token, since the answer was lost,
 * it gives the completed job again.
 */
export async function completeJob(
  worker: Worker,
  token: LeaseToken,
  completion: Completion,
): Promise<JobRow> {
  checkDuration(completion.durationSeconds);
  try {
    return await storeAndComplete(worker, token, completion);
  } catch (error) {
    const [job] = await findJobsByIds(worker.db, [token.jobId]);
    if (job?.status === 'completed' && job.attempt === token.attempt) return job;
    throw error;
  }
}
