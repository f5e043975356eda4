import type { Databases } from '../db/client.ts';
import type { JobSelection, ReadJob } from '../db/jobSelection.ts';
import { findJobsByIds, jointSelection } from '../db/jobs.ts';
import { inBatches, type LoaderOptions, ObservedLoader } from './batched.ts';
import { inOrder } from './inOrder.ts';

interface SelectedJob {
  id: string;
  selection: JobSelection;
}

/**
 * id and what is read of it → job, or null where there is none. One statement for all.
 */
export const selectedJobById = ({ db }: Databases, options: LoaderOptions) =>
  new ObservedLoader<SelectedJob, ReadJob | null, string>(
    async (keys, dispatch) => {
      const selection = jointSelection(keys.map((key) => key.selection));
      const ids = [...new Set(keys.map(({ id }) => id))];
      const batches = await inBatches(options, dispatch, ids, async (batch) =>
        findJobsByIds(db, batch, selection),
      );
      return inOrder(
        keys.map(({ id }) => id),
        batches.flat(),
        (job) => job.id,
      );
    },
    {
      name: 'selectedJobById',
      ...options,
      cacheKeyFn: ({ id, selection }) => `${id} ${selection.key}`,
    },
  );
