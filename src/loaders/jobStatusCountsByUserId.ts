import type { Databases } from '../db/client.ts';
import { countJobsByStatus, type JobCountRow } from '../db/jobs.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { grouped } from './grouped.ts';

/** user id → how many jobs the user has in each status. */
export const jobStatusCountsByUserId = ({ longReads }: Databases, options: LoaderOptions) =>
  batched<number, JobCountRow[]>('jobStatusCountsByUserId', options, async (userIds) =>
    grouped(userIds, await countJobsByStatus(longReads, userIds), (row) => row.user_id),
  );
