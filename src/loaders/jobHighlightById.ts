import type { Knex } from 'knex';
import type { TextFragment } from '../db/highlight.ts';
import { findJobHighlights } from '../db/search.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** job id and words → the job's best passage, its matching words apart. */
export const jobHighlightById = (db: Knex, options: LoaderOptions) =>
  ofEachParent<string, readonly string[], TextFragment[]>(
    'jobHighlightById',
    options,
    (jobIds, words) => findJobHighlights(db, words, jobIds),
    () => [],
  );
