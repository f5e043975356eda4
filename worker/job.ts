import { openAsBlob } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Api, Refusal, Unanswered } from './api.ts';
import { delayMs, pause } from './backoff.ts';
import type { ClaimNextJobMutation } from './graphql/graphql.ts';
import { Lease } from './lease.ts';
import { completeJob, failJob, releaseJob } from './operations.ts';
import type { Settings } from './settings.ts';
import { JobFailure, transcribe } from './transcribe.ts';

export type Claim = NonNullable<ClaimNextJobMutation['claimNextJob']>;

export interface Worker {
  api: Api;
  settings: Settings;
  logger: Logger;
  /** Aborted when the worker is told to stop. */
  stop: AbortSignal;
}

/** How often the outcome is sent where no answer comes: for half a minute. */
const MAX_TRIES = 7;

/** Sends the outcome of a job, again where no answer comes. Throws where the API refuses it. */
async function settle(lease: Lease, send: () => Promise<unknown>): Promise<void> {
  for (let failures = 1; !lease.lost.aborted; failures += 1) {
    try {
      await send();
      return;
    } catch (error) {
      if (!(error instanceof Unanswered) || failures === MAX_TRIES) throw error;
      await pause(delayMs(failures), lease.lost);
    }
  }
}

const unusable = ['INVALID_TRANSCRIPT', 'TRANSCRIPT_TOO_LARGE'];

async function handIn(lease: Lease, api: Api, path: string): Promise<void> {
  const transcript = await openAsBlob(path, { type: 'application/json' });
  try {
    await settle(lease, () => api.upload(completeJob, lease.token, transcript));
  } catch (error) {
    if (!(error instanceof Refusal) || !unusable.includes(error.code)) throw error;
    throw new JobFailure('OUTPUT_INVALID', error.message, { cause: error });
  }
}

/** Transcribes under the lease, and hands in what came of it. */
async function work(
  lease: Lease,
  { job: { model }, savedFilename }: Claim,
  { api, settings, logger, stop, program }: Worker & { program: string },
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'transcript-'));
  try {
    const path = await transcribe(
      { model, savedFilename },
      {
        settings,
        program,
        directory,
        stop: AbortSignal.any([stop, lease.lost]),
        onProgress(progress) {
          lease.progress = progress;
        },
      },
    );
    if (path) {
      await handIn(lease, api, path);
      if (!lease.lost.aborted) logger.info('Completed');
    } else if (!lease.lost.aborted) {
      await settle(lease, () => api.send(releaseJob, lease.token));
      logger.info('Given back');
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Says why the job could not be done. */
async function fail(
  lease: Lease,
  error: unknown,
  { api, logger }: Pick<Worker, 'api' | 'logger'>,
): Promise<void> {
  // Of a lease that is over nothing can be said any more.
  if (error instanceof Refusal) return lease.lose(error.message);
  if (lease.lost.aborted) return;
  const { code, message } =
    error instanceof JobFailure ? error : { code: 'WORKER_FAILED' as const, message: `${error}` };
  logger.warn({ code, message }, 'Failed');
  try {
    await settle(lease, () => api.send(failJob, { ...lease.token, code, message }));
  } catch (refusal) {
    lease.lose(refusal instanceof Error ? refusal.message : refusal);
  }
}

/** Does a job that was claimed, whatever comes of it. */
export async function doJob(claim: Claim, worker: Worker & { program: string }): Promise<void> {
  const { attempt, job } = claim;
  const { api, settings } = worker;
  const logger = worker.logger.child({ job: job.id, attempt });
  logger.info({ model: job.model, file: claim.savedFilename }, 'Claimed');
  const lease = new Lease({ id: job.id, attempt }, { api, seconds: settings.leaseSeconds, logger });
  try {
    await work(lease, claim, { ...worker, logger });
  } catch (error) {
    await fail(lease, error, { api, logger });
  } finally {
    lease.end();
  }
  if (lease.lost.aborted) logger.warn({ reason: lease.lost.reason }, 'Lost, and left alone');
}
