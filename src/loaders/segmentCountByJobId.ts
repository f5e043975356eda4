import type { Knex } from 'knex';
import { countSegmentsByJobIds } from '../db/segments.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { inOrder } from './inOrder.ts';

/** job id → how many segments the job has. */
export const segmentCountByJobId = (db: Knex, options: LoaderOptions) =>
  batched<string, number>('segmentCountByJobId', options, async (jobIds) => {
    const rows = await countSegmentsByJobIds(db, jobIds);
    return inOrder(jobIds, rows, (row) => row.job_id).map((row) => row?.count ?? 0);
  });
