import type { Databases } from '../db/client.ts';
import { findSegmentsByIds, type SegmentRow } from '../db/segments.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { inOrder } from './inOrder.ts';

/** id → segment, or null where there is none. */
export const segmentById = ({ db }: Databases, options: LoaderOptions) =>
  batched<number, SegmentRow | null>('segmentById', options, async (keys) =>
    inOrder(keys, await findSegmentsByIds(db, keys), (row) => row.id),
  );
