import type { Databases } from '../db/client.ts';
import { countSegmentsByJobIds } from '../db/segments.ts';
import { batched, type LoaderOptions } from './batched.ts';

/** job id → how many segments the job has. */
export const segmentCountByJobId = ({ longReads }: Databases, options: LoaderOptions) =>
  batched<string, number>('segmentCountByJobId', options, async (jobIds) => {
    const counts = await countSegmentsByJobIds(longReads, jobIds);
    return jobIds.map((jobId) => counts.get(jobId) ?? 0);
  });
