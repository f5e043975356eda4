import type { Databases } from '../db/client.ts';
import type { TextFragment } from '../db/highlight.ts';
import { findJobHighlights } from '../db/search.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** job id and words → the job's best passage, its matching words apart. */
export const jobHighlightById = ({ longReads }: Databases, options: LoaderOptions) =>
  ofEachParent<string, readonly string[], TextFragment[]>(
    'jobHighlightById',
    options,
    (jobIds, words) => findJobHighlights(longReads, words, jobIds),
    () => [],
  );
