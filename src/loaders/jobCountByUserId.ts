import type { Databases } from '../db/client.ts';
import { countJobsByUserIds, type JobFilter } from '../db/jobs.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** user id and filter → how many jobs of the user the filter lets through. */
export const jobCountByUserId = ({ longReads }: Databases, options: LoaderOptions) =>
  ofEachParent<number, JobFilter, number>(
    'jobCountByUserId',
    options,
    (userIds, filter) => countJobsByUserIds(longReads, userIds, filter),
    () => 0,
  );
