import type { Knex } from 'knex';
import { countJobsByUserIds, type JobFilter } from '../db/jobs.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** user id and filter → how many jobs of the user the filter lets through. */
export const jobCountByUserId = (db: Knex, options: LoaderOptions) =>
  ofEachParent<number, JobFilter, number>(
    'jobCountByUserId',
    options,
    (userIds, filter) => countJobsByUserIds(db, userIds, filter),
    () => 0,
  );
