import { AsyncLocalStorage } from 'node:async_hooks';
import { unreadReports } from '../administration/databaseReports.ts';
import { unreadRecords } from '../administration/monitorRecords.ts';
import type { Viewer } from '../auth/viewer.ts';
import { sightOf } from '../auth/visibility.ts';
import { rehearsalOf } from '../db/rehearsal.ts';
import type { SentText } from '../db/sendAsWritten.ts';
import { createLoaders } from '../loaders/index.ts';
import type { Context } from './context.ts';

/** The loader batch that sends a statement. */
interface Batch {
  loader: string;
  keyCount: number;
}

/** A statement that would be sent, and the batch that would send it. */
export interface RehearsedStatement extends SentText {
  batch: Batch | null;
}

const batches = new AsyncLocalStorage<Batch>();

/** A context that sends nothing, for an operation of this viewer, and what it would have sent. */
export function rehearsed(
  context: Context,
  viewer: Viewer | null,
): { context: Context; statements: RehearsedStatement[] } {
  const statements: RehearsedStatement[] = [];
  // Who sees no rows but their own finds their own.
  const userId = sightOf(viewer)?.userId ?? null;
  const db = rehearsalOf(context.db, {
    plans: context.plans,
    known: userId === null ? {} : { user_id: userId },
    onStatement: (statement) =>
      statements.push({ ...statement, batch: batches.getStore() ?? null }),
  });
  const loaders = createLoaders(
    { db, longReads: db },
    {
      maxBatchSize: context.maxBatchSize,
      observer: {
        asker: () => null,
        runBatch: ({ loader }, keyCount, run) => batches.run({ loader, keyCount }, run),
      },
    },
  );
  return {
    context: {
      ...context,
      db,
      longReads: db,
      background: db,
      databaseReports: unreadReports,
      watching: { ...context.watching, records: unreadRecords },
      loaders,
      viewer,
      isRehearsal: true,
    },
    statements,
  };
}
