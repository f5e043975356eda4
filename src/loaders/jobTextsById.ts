import type { Databases } from '../db/client.ts';
import { findJobTexts, type JobTexts } from '../db/search.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { inOrder } from './inOrder.ts';

/** job id → the texts that a search looks at, or null where there is no such job. */
export const jobTextsById = ({ longReads }: Databases, options: LoaderOptions) =>
  batched<string, JobTexts | null>('jobTextsById', options, async (keys) =>
    inOrder(keys, await findJobTexts(longReads, keys), (texts) => texts.id),
  );
