import type { Knex } from 'knex';
import type { TextFragment } from '../db/highlight.ts';
import { findSegmentHighlights } from '../db/search.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** segment id and words → the segment's text, its matching words apart. */
export const segmentHighlightById = (db: Knex, options: LoaderOptions) =>
  ofEachParent<number, readonly string[], TextFragment[]>(
    'segmentHighlightById',
    options,
    (segmentIds, words) => findSegmentHighlights(db, words, segmentIds),
    () => [],
  );
