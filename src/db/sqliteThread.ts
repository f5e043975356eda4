import { parentPort, workerData } from 'node:worker_threads';
import {
  type SqliteColumn,
  SqliteConnection,
  type SqliteFile,
  type SqliteOutcome,
} from './sqliteConnection.ts';

/** What the thread is asked, one statement at a time. */
export interface ThreadStatement {
  sql: string;
  /** Null where it is not to be run, and only its columns are asked for. */
  bindings: readonly unknown[] | null;
  /** Whether a row is to be the values of its columns, in order. */
  asArrays: boolean;
}

export type ThreadAnswer =
  | { outcome: SqliteOutcome }
  | { columns: SqliteColumn[] }
  | { fault: { message: string; code: string } };

// Only SqliteThreadConnection starts this thread, and tells it the file.
const opened = SqliteConnection.open(workerData as SqliteFile);

async function answer({ sql, bindings, asArrays }: ThreadStatement): Promise<ThreadAnswer> {
  try {
    const connection = await opened;
    if (bindings === null) return { columns: connection.columns(sql) };
    return { outcome: connection.run(sql, bindings, asArrays) };
  } catch (error) {
    // On the way to another thread an error loses its code.
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { fault: { message: error instanceof Error ? error.message : String(error), code } };
  }
}

parentPort?.on('message', async (statement: ThreadStatement) => {
  parentPort?.postMessage(await answer(statement));
});
