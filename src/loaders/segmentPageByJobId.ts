import type { Databases } from '../db/client.ts';
import { emptyPage, type Page, type PageRequest } from '../db/keyset.ts';
import { findSegmentPagesByJobIds, type SegmentRow } from '../db/segments.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** job id and page → that page of the job's segments. */
export const segmentPageByJobId = ({ db }: Databases, options: LoaderOptions) =>
  ofEachParent<string, PageRequest<SegmentRow>, Page<SegmentRow>>(
    'segmentPageByJobId',
    options,
    (jobIds, page) => findSegmentPagesByJobIds(db, jobIds, page),
    emptyPage,
  );
