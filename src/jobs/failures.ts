import type { FailureCode, JobStatus } from '../db/jobs.ts';

interface Failure {
  /** What the job becomes where it is not tried again. */
  status: JobStatus;
  /** Whether another attempt may help. */
  isTriedAgain: boolean;
  meaning: string;
}

/** Why a worker could not do a job. */
export const workerFailures = {
  PROGRAM_MISSING: {
    status: 'failed_launch_error',
    isTriedAgain: true,
    meaning: 'The transcription program is not there.',
  },
  MODEL_MISSING: {
    status: 'failed_launch_error',
    isTriedAgain: true,
    meaning: 'The worker does not have the model.',
  },
  LAUNCH_FAILED: {
    status: 'failed_launch_error',
    isTriedAgain: true,
    meaning: 'The transcription program is there and did not start.',
  },
  AUDIO_MISSING: {
    status: 'failed',
    isTriedAgain: true,
    meaning: 'The file is not where the worker looks for it.',
  },
  AUDIO_UNREADABLE: {
    status: 'failed_whisper_error',
    isTriedAgain: false,
    meaning: 'The file is no audio, or broken: trying again does not help.',
  },
  TRANSCRIPTION_FAILED: {
    status: 'failed_whisper_error',
    isTriedAgain: true,
    meaning: 'The transcription program ended with an error.',
  },
  OUTPUT_INVALID: {
    status: 'failed_whisper_error',
    isTriedAgain: true,
    meaning: 'The transcription program wrote no transcript.',
  },
  WORKER_FAILED: {
    status: 'failed_thread_exception',
    isTriedAgain: true,
    meaning: 'The worker itself failed.',
  },
  OTHER: { status: 'failed', isTriedAgain: true, meaning: 'What no other code names.' },
} as const satisfies Partial<Record<FailureCode, Failure>>;

export type WorkerFailureCode = keyof typeof workerFailures;

/** These, and what the queue finds out by itself. */
export const failures = {
  ...workerFailures,
  LEASE_EXPIRED: {
    status: 'failed_unknown',
    isTriedAgain: true,
    meaning: 'The worker was not heard of until its lease was over.',
  },
  OUT_OF_TIME: {
    status: 'failed_timeout',
    isTriedAgain: false,
    meaning: 'Workers spent as much time on it as they may.',
  },
} as const satisfies Record<FailureCode, Failure>;
