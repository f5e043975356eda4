import type { Databases } from '../db/client.ts';
import { findMetadataByJobIds, type MetadataRow } from '../db/metadata.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { inOrder } from './inOrder.ts';

/** job id → metadata, or null where there is none. */
export const metadataByJobId = ({ db }: Databases, options: LoaderOptions) =>
  batched<string, MetadataRow | null>('metadataByJobId', options, async (keys) =>
    inOrder(keys, await findMetadataByJobIds(db, keys), (row) => row.job_id),
  );
