import type { Actor } from '../auth/audit.ts';
import type { Viewer } from '../auth/viewer.ts';
import { ApiError } from '../errors.ts';
import type { Worker } from '../jobs/leases.ts';
import type { JobOwner } from '../jobs/ownJobs.ts';
import type { Context } from './context.ts';

type Person = Extract<Viewer, { kind: 'user' }>;

/** Who changes accounts. The field's scopes let only people through; the types do not know that. */
export function actorOf({ db, viewer, origin }: Context): Actor & { viewer: Person } {
  if (viewer?.kind !== 'user') throw new ApiError('FORBIDDEN', 'This is for people.');
  return { db, viewer, origin };
}

/** Who changes jobs that they see. */
export const jobOwnerOf = (context: Context): JobOwner => ({
  ...actorOf(context),
  queue: context.queue,
});

/** The worker that asks. */
export function workerOf({ db, viewer, origin, queue }: Context): Worker {
  if (viewer?.kind !== 'worker') throw new ApiError('FORBIDDEN', 'This is for workers.');
  return { db, viewer, origin, queue };
}
