import type { Knex } from 'knex';
import { type AuditEvent, audited } from '../auth/audit.ts';
import { findJobIds, findJobIdsToChange, type JobFilter } from '../db/jobs.ts';
import { lockMany, STEP, updateJobsToRedrive } from '../db/queue.ts';
import { ApiError } from '../errors.ts';
import { IllegalStatusChangeError } from './jobErrors.ts';
import { begunAnew, type JobOwner, MAX_ATTEMPTS } from './ownJobs.ts';
import { failedStatuses } from './statusChanges.ts';

export const REDRIVE_LIMIT = { min: 1, max: 10_000, default: 1000 } as const;

/** How many jobs went back into the queue, and whether there may be more. */
export interface Redriven {
  count: number;
  hasMore: boolean;
}

const redriven = (ids: readonly string[]): AuditEvent => ({
  eventType: 'jobs_redriven',
  severity: 'info',
  statusCode: 200,
  resourceType: 'job',
  resourceId: null,
  details: ids.join(' '),
});

/** Who redrives, and where jobs are looked for: a filter may pass over many before it finds some. */
export type Redriver = JobOwner & { longReads: Knex };

/**
 * Puts jobs that failed for good back into the queue. In steps, each with its entry in the audit log, so
 * that nobody waits for all of them.
 */
export async function redriveJobs(
  actor: Redriver,
  { filter, limit }: { filter: JobFilter; limit: number },
): Promise<Redriven> {
  const { min, max } = REDRIVE_LIMIT;
  if (limit < min || limit > max) {
    throw new ApiError('BAD_USER_INPUT', `"limit" is ${limit}; it is ${min} to ${max}.`);
  }
  if (filter.status != null && !failedStatuses.includes(filter.status)) {
    throw new IllegalStatusChangeError(filter.status, 'queued');
  }
  let count = 0;
  for (;;) {
    const step = Math.min(STEP, limit - count);
    const found = await findJobIds(actor.longReads, {
      filter,
      statuses: failedStatuses,
      limit: step,
    });
    if (found.length === 0) return { count, hasMore: false };
    const ids = await audited(actor, async (transaction) => {
      await lockMany(transaction);
      const failed = await findJobIdsToChange(transaction, {
        ids: found,
        statuses: failedStatuses,
      });
      await updateJobsToRedrive(transaction, failed, {
        moreAttempts: MAX_ATTEMPTS.default,
        changes: {
          ...begunAnew(actor.queue),
          status: 'queued',
          updated_at: actor.queue.clock().toISOString(),
        },
      });
      return { result: failed, event: failed.length > 0 ? redriven(failed) : null };
    });
    count += ids.length;
    if (found.length < step) return { count, hasMore: false };
    if (count >= limit) return { count, hasMore: true };
  }
}
