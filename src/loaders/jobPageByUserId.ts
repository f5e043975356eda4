import type { Databases } from '../db/client.ts';
import { isIndexed } from '../db/indexed.ts';
import type { ReadJob } from '../db/jobSelection.ts';
import { findJobPagesByUserIds, indexedJobFilters, type JobPageRequest } from '../db/jobs.ts';
import { emptyPage, type Page } from '../db/keyset.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** user id and what is asked → a page of the user's jobs. */
export const jobPageByUserId = ({ db, longReads }: Databases, options: LoaderOptions) =>
  ofEachParent<number, JobPageRequest, Page<ReadJob>>(
    'jobPageByUserId',
    options,
    (parents, request) => {
      const filter = { ...request.filter, userId: parents[0] };
      const isShort = isIndexed(indexedJobFilters, { ...request, filter });
      return findJobPagesByUserIds(isShort ? db : longReads, parents, request);
    },
    emptyPage,
  );
