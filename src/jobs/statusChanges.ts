import { type JobStatus, jobStatuses } from '../db/jobs.ts';
import { IllegalStatusChangeError } from './jobErrors.ts';

/** What may become of a job, and by what. */
type Changes = Partial<Record<JobStatus, string>>;

/** Somebody works on it. */
const underLease: Changes = {
  queued: 'releaseJob, failJob, lease over',
  completed: 'completeJob',
  failed: 'failJob',
  failed_launch_error: 'failJob',
  failed_whisper_error: 'failJob',
  failed_thread_exception: 'failJob',
  failed_unknown: 'lease over',
  failed_timeout: 'time over',
  cancelled: 'cancelJob',
};

const failedForGood: Changes = { queued: 'retryJob, redriveJobs' };

/**
 * Every change of status that there is, by the status before and the one after. It is drawn from here
 * in docs/queue.md, and nothing changes a status without asking it.
 */
export const statusChanges: Record<JobStatus, Changes> = {
  queued: { processing: 'claimNextJob', cancelled: 'cancelJob' },
  processing: { enriching: 'transcript stored', ...underLease },
  enriching: underLease,
  completed: {},
  failed: failedForGood,
  failed_timeout: failedForGood,
  failed_launch_error: failedForGood,
  failed_whisper_error: failedForGood,
  failed_thread_exception: failedForGood,
  failed_unknown: failedForGood,
  cancelled: { queued: 'retryJob' },
};

/** Throws an IllegalStatusChangeError, which names both, where there is no such change. */
export function checkStatusChange(from: JobStatus, to: JobStatus): void {
  if (!(to in statusChanges[from])) throw new IllegalStatusChangeError(from, to);
}

/** Whether a worker may hold a lease on a job of this status. */
export const isWorkedOn = (status: JobStatus): boolean =>
  status === 'processing' || status === 'enriching';

/** The statuses of jobs that failed for good. */
export const failedStatuses: readonly JobStatus[] = jobStatuses.filter(
  (status) => statusChanges[status] === failedForGood,
);
