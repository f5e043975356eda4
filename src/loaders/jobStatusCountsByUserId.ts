import type { Knex } from 'knex';
import { countJobsByStatus, type JobCountRow } from '../db/jobs.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { grouped } from './grouped.ts';

/** user id → how many jobs the user has in each status. */
export const jobStatusCountsByUserId = (db: Knex, options: LoaderOptions) =>
  batched<number, JobCountRow[]>('jobStatusCountsByUserId', options, async (userIds) =>
    grouped(userIds, await countJobsByStatus(db, userIds), (row) => row.user_id),
  );
