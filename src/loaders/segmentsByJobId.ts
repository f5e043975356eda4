import type { Knex } from 'knex';
import { findSegmentsByJobIds, type SegmentRow } from '../db/segments.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { grouped } from './grouped.ts';

/** job id → all its segments in order, for a whole transcript. */
export const segmentsByJobId = (db: Knex, options: LoaderOptions) =>
  batched<string, SegmentRow[]>('segmentsByJobId', options, async (jobIds) =>
    grouped(jobIds, await findSegmentsByJobIds(db, jobIds), (segment) => segment.job_id),
  );
