import type { Knex } from 'knex';
import { countSegmentsByJobIds } from '../db/segments.ts';
import { batched, type LoaderOptions } from './batched.ts';

/** job id → how many segments the job has. */
export const segmentCountByJobId = (db: Knex, options: LoaderOptions) =>
  batched<string, number>('segmentCountByJobId', options, async (jobIds) => {
    const counts = await countSegmentsByJobIds(db, jobIds);
    return jobIds.map((jobId) => counts.get(jobId) ?? 0);
  });
