import type { Knex } from 'knex';
import { findJobPagesByUserIds, type JobPageRequest, type JobRow } from '../db/jobs.ts';
import { emptyPage, type Page } from '../db/keyset.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** user id and what is asked → a page of the user's jobs. */
export const jobPageByUserId = (db: Knex, options: LoaderOptions) =>
  ofEachParent<number, JobPageRequest, Page<JobRow>>(
    'jobPageByUserId',
    options,
    (parents, request) => findJobPagesByUserIds(db, parents, request),
    emptyPage,
  );
