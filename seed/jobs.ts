import { v7 as uuid } from 'uuid';
import type { NewJob } from '../src/db/bulkInsert.ts';
import type { FailureCode, JobStatus } from '../src/db/jobs.ts';
import { HOUR, isoTime, MINUTE, SECOND } from './clock.ts';
import type { Owner } from './people.ts';
import type { Choices, Random, Shares } from './random.ts';
import { createRecording, type Recording } from './recordings.ts';
import type { Upload } from './uploads.ts';

/** A job, with what the rest of its data is made from. */
export interface SeededJob {
  job: NewJob;
  owner: Owner;
  recording: Recording;
}

interface Model {
  name: string;
  /** Seconds of sound that a second of work covers. */
  speed: number;
}

const modelShares: Shares<Model> = [
  [{ name: 'base', speed: 18 }, 0.3],
  [{ name: 'small', speed: 9 }, 0.25],
  [{ name: 'large-v3', speed: 2.5 }, 0.2],
  [{ name: 'medium', speed: 4.5 }, 0.15],
  [{ name: 'tiny', speed: 30 }, 0.1],
];

type Outcome = Exclude<JobStatus, 'queued' | 'processing' | 'enriching'>;

const outcomeShares: Shares<Outcome> = [
  ['completed', 0.88],
  ['failed', 0.015],
  ['failed_timeout', 0.02],
  ['failed_launch_error', 0.015],
  ['failed_whisper_error', 0.02],
  ['failed_thread_exception', 0.01],
  ['failed_unknown', 0.015],
  ['cancelled', 0.025],
];

type Failed = Exclude<Outcome, 'completed' | 'cancelled'>;

const errorsOf: Record<Failed, Choices<[FailureCode, string]>> = {
  failed: [
    ['OTHER', 'The file has no sound in it.'],
    ['OTHER', 'The disk of the worker is full.'],
  ],
  failed_timeout: [['OUT_OF_TIME', 'There was no result after 3600 seconds.']],
  failed_launch_error: [
    ['LAUNCH_FAILED', 'Whisper did not start: CUDA out of memory.'],
    ['MODEL_MISSING', 'Whisper did not start: the file of the model is missing.'],
  ],
  failed_whisper_error: [
    ['AUDIO_UNREADABLE', 'Whisper ended with status 1: invalid data found when processing input.'],
    ['AUDIO_UNREADABLE', 'Whisper ended with status 1: moov atom not found.'],
    ['TRANSCRIPTION_FAILED', 'Whisper ended with status 137: killed.'],
  ],
  failed_thread_exception: [
    ['WORKER_FAILED', 'The thread of the worker ended: BrokenPipeError.'],
    ['WORKER_FAILED', 'The thread of the worker ended: UnicodeDecodeError at byte 0xff.'],
  ],
  failed_unknown: [['LEASE_EXPIRED', 'The worker was lost and its lease ran out.']],
};

/** How far a job came: the columns that change while it is worked on. */
type Course = Pick<
  NewJob,
  | 'status'
  | 'updated_at'
  | 'started_at'
  | 'finished_at'
  | 'processing_time_seconds'
  | 'attempt'
  | 'progress'
  | 'error_code'
  | 'error_message'
  | 'claimed_by'
  | 'lease_expires_at'
>;

function waiting(since: number): Course {
  return {
    status: 'queued',
    updated_at: isoTime(since),
    started_at: null,
    finished_at: null,
    processing_time_seconds: null,
    attempt: 0,
    progress: null,
    error_code: null,
    error_message: null,
    claimed_by: null,
    lease_expires_at: null,
  };
}

const hundredths = (number: number): number => Math.round(number * 100) / 100;

function running(random: Random, startedAt: number, finishesAt: number, now: number): Course {
  const progress = hundredths((now - startedAt) / (finishesAt - startedAt));
  return {
    ...waiting(Math.max(startedAt, now - random.whole(0, 20 * SECOND))),
    // What is left to do after the transcription is the summary.
    status: progress > 0.9 ? 'enriching' : 'processing',
    started_at: isoTime(startedAt),
    attempt: 1,
    progress,
    claimed_by: `worker-${random.whole(1, 6)}`,
    lease_expires_at: isoTime(now + random.whole(MINUTE, 5 * MINUTE)),
  };
}

function cancelledInQueue(at: number): Course {
  return { ...waiting(at), status: 'cancelled', finished_at: isoTime(at) };
}

function ended(
  random: Random,
  outcome: Outcome,
  { startedAt, finishedAt, progress }: { startedAt: number; finishedAt: number; progress: number },
): Course {
  const isFailure = outcome !== 'completed' && outcome !== 'cancelled';
  const [code, message] = isFailure ? random.pick(errorsOf[outcome]) : [null, null];
  return {
    ...waiting(finishedAt),
    status: outcome,
    started_at: isoTime(startedAt),
    finished_at: isoTime(finishedAt),
    processing_time_seconds: (finishedAt - startedAt) / SECOND,
    attempt: isFailure ? random.whole(1, 3) : random.chance(0.03) ? 2 : 1,
    progress: hundredths(progress),
    error_code: code,
    error_message: message,
  };
}

/** How much of the work is done when a job ends so. */
function progressAt(random: Random, outcome: Outcome): number {
  if (outcome === 'completed') return 1;
  if (outcome === 'failed_launch_error') return 0;
  return random.between(0.02, 0.98);
}

/** A job ends by its outcome, unless that is still to come. */
function courseOf(
  random: Random,
  { time, waitMs }: Upload,
  { workMs, now }: { workMs: number; now: number },
): Course {
  const outcome = random.share(outcomeShares);
  const startedAt = time + waitMs;
  if (startedAt > now) return waiting(time);
  if (outcome === 'cancelled' && random.chance(0.4)) {
    return cancelledInQueue(time + Math.floor(waitMs * random.fraction()));
  }
  const progress = progressAt(random, outcome);
  const runMs = outcome === 'failed_timeout' ? HOUR : Math.ceil(SECOND + workMs * progress);
  const finishedAt = startedAt + runMs;
  if (finishedAt > now) return running(random, startedAt, finishedAt, now);
  return ended(random, outcome, { startedAt, finishedAt, progress });
}

export function createJob(random: Random, upload: Upload, now: number): SeededJob {
  const { owner, time } = upload;
  const id = uuid({ msecs: time, random: random.bytes(16) });
  const createdAt = isoTime(time);
  const recording = createRecording(random, owner, createdAt.slice(0, 10));
  const model = random.share(modelShares);
  const workMs = (recording.durationSeconds / model.speed) * random.between(0.85, 1.2) * SECOND;
  const course = courseOf(random, upload, { workMs, now });
  return {
    owner,
    recording,
    job: {
      id,
      user_id: owner.id,
      original_filename: recording.fileName,
      saved_filename: `${id}.${recording.format.extension}`,
      model: model.name,
      created_at: createdAt,
      file_size_bytes: recording.fileSizeBytes,
      duration_seconds: recording.durationSeconds,
      transcript_path: course.status === 'completed' ? `transcripts/${id}.json` : null,
      log_path: course.started_at === null ? null : `logs/${id}.log`,
      priority: random.chance(0.05) ? 10 : 0,
      run_after: null,
      max_attempts: 3,
      ...course,
    },
  };
}
