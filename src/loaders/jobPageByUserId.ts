import type { Databases } from '../db/client.ts';
import { isIndexed } from '../db/indexed.ts';
import {
  findJobPagesByUserIds,
  indexedJobFilters,
  type JobPageRequest,
  type JobRow,
} from '../db/jobs.ts';
import { emptyPage, type Page } from '../db/keyset.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** user id and what is asked → a page of the user's jobs. */
export const jobPageByUserId = ({ db, longReads }: Databases, options: LoaderOptions) =>
  ofEachParent<number, JobPageRequest, Page<JobRow>>(
    'jobPageByUserId',
    options,
    (parents, request) => {
      const filter = { ...request.filter, userId: parents[0] };
      const isShort = isIndexed(indexedJobFilters, { ...request, filter });
      return findJobPagesByUserIds(isShort ? db : longReads, parents, request);
    },
    emptyPage,
  );
