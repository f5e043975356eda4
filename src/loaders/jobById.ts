import type { Databases } from '../db/client.ts';
import { findJobsByIds, type JobRow } from '../db/jobs.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { inOrder } from './inOrder.ts';

/** id → job, or null where there is none. */
export const jobById = ({ db }: Databases, options: LoaderOptions) =>
  batched<string, JobRow | null>('jobById', options, async (keys) =>
    inOrder(keys, await findJobsByIds(db, keys), (row) => row.id),
  );
