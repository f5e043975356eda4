import type { Client } from './client.ts';

/** A clock that stands still until a test moves it. */
export function movableClock(start = Date.UTC(2026, 5, 1, 12)) {
  let now = start;
  return {
    clock: () => new Date(now),
    /** Lets so many seconds go by. */
    pass(seconds: number) {
      now += seconds * 1000;
    },
  };
}

export const CREATE_JOB = `mutation CreateJob($input: CreateJobInput!) {
  createJob(input: $input) {
    __typename
    ... on CreateJobSuccess { data { id originalFilename status priority runAfter maxAttempts } }
    ... on InvalidInputError { field }
    ... on IdempotencyConflictError { idempotencyKey }
    ... on PayloadError { message }
  }
}`;

const LEASE =
  'attempt expiresAt deadlineAt savedFilename job { id status originalFilename model progress }';

const JOB =
  'id status attempt maxAttempts runAfter progress errorCode errorMessage startedAt finishedAt';

const ON_JOB = '$id: ID!, $attempt: Int!';
const LEASED = 'id: $id, attempt: $attempt';

export const CLAIM = `mutation Claim($models: [String!]!, $leaseSeconds: Int!) {
  claimNextJob(models: $models, leaseSeconds: $leaseSeconds) { ${LEASE} }
}`;
export const REPORT = `mutation Report(${ON_JOB}, $progress: Float, $leaseSeconds: Int! = 60) {
  reportProgress(${LEASED}, progress: $progress, leaseSeconds: $leaseSeconds) { ${LEASE} }
}`;
export const FAIL = `mutation Fail(${ON_JOB}, $code: WorkerFailure! = TRANSCRIPTION_FAILED, $message: String! = "It ended.") {
  failJob(${LEASED}, code: $code, message: $message) { ${JOB} }
}`;
export const COMPLETE = `mutation Complete(${ON_JOB}, $transcript: WhisperJson!, $durationSeconds: Float) {
  completeJob(${LEASED}, transcript: $transcript, durationSeconds: $durationSeconds) { ${JOB} }
}`;
export const RELEASE = `mutation Release(${ON_JOB}) { releaseJob(${LEASED}) { ${JOB} } }`;

const changing = (name: string) => `mutation Change($id: ID!) {
  ${name}(id: $id) {
    __typename
    ... on ${name.charAt(0).toUpperCase()}${name.slice(1)}Success { data { ${JOB} } }
    ... on IllegalStatusChangeError { from to message }
  }
}`;
export const CANCEL = changing('cancelJob');
export const RETRY = changing('retryJob');
export const DELETE = 'mutation Delete($id: ID!) { deleteJob(id: $id) { id } }';
export const REDRIVE = `mutation Redrive($filter: JobFilter, $limit: Int! = 1000) {
  redriveJobs(filter: $filter, limit: $limit) {
    ... on RedriveJobsSuccess { data { count hasMore } }
    ... on IllegalStatusChangeError { from to }
  }
}`;

export interface Lease {
  attempt: number;
  expiresAt: string;
  deadlineAt: string;
  savedFilename: string;
  job: { id: string; status: string; originalFilename: string; model: string; progress: number };
}

/** What a lease is proved by. */
export const tokenOf = ({ job, attempt }: Lease) => ({ id: job.id, attempt });

let made = 0;

/** Puts a job into the queue as a user does, and gives its id. */
export async function createdJob(as: Client, input: object = {}): Promise<string> {
  made += 1;
  const { createJob } = await as.query<{ createJob: { data: { id: string } } }, object>(
    CREATE_JOB,
    { input: { filename: `talk-${made}.mp3`, model: 'small', fileSizeBytes: 1000, ...input } },
  );
  return createJob.data.id;
}

export async function claimed(
  as: Client,
  models: readonly string[] = ['small'],
  leaseSeconds = 60,
): Promise<Lease | null> {
  const { claimNextJob } = await as.query<{ claimNextJob: Lease | null }, object>(CLAIM, {
    models,
    leaseSeconds,
  });
  return claimNextJob;
}

/** A lease that has to be there. */
export async function lease(...asked: Parameters<typeof claimed>): Promise<Lease> {
  const found = await claimed(...asked);
  if (!found) throw new Error('nothing was in line');
  return found;
}
