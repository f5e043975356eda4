import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { select } from './client.ts';

/** How often the log is looked at. */
const INTERVAL_MS = 250;

/** Pages of the log from which on it is copied: as many as SQLite has by itself. */
const LONG_LOG_PAGES = 1000;

/** Pages of a log that who writes without a pause would let grow without end. */
const VERY_LONG_LOG_PAGES = 4000;

/** How long a pause of those who write, and then of those who read, is waited for. */
const RESTART_WAIT_MS = 100;

/** Pages of the log, and how many of them are in the file. */
export interface LogState {
  log: number;
  checkpointed: number;
}

/** Copies what was written to SQLite from its log into the file, so that who writes next begins the log anew. */
export interface Checkpoints {
  /** Once, now, if the log is long. */
  copy(): Promise<void>;
  /** Again and again, in each process of the service. */
  start(): void;
  stop(): Promise<void>;
}

interface Options {
  /** Pages of a log that is copied. */
  longLogPages?: number;
  /** Pages of a log for which those who write wait. */
  veryLongLogPages?: number;
  /** A connection on a thread of its own, and without statements that would keep it waiting. */
  db: Knex;
  /** Told once, until it succeeds again. */
  onFault(fault: unknown): void;
}

/** `NOOP` counts and copies nothing. */
export async function findLogState(db: Knex): Promise<LogState> {
  const [state] = await select<LogState>(db, 'PRAGMA wal_checkpoint(NOOP)');
  return { log: state?.log ?? 0, checkpointed: state?.checkpointed ?? 0 };
}

export function createCheckpoints({
  db,
  onFault,
  longLogPages = LONG_LOG_PAGES,
  veryLongLogPages = VERY_LONG_LOG_PAGES,
}: Options): Checkpoints {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function copy(): Promise<void> {
    const { log, checkpointed } = await findLogState(db);
    if (log < longLogPages || checkpointed === log) return;
    // It lets nobody wait. What somebody still reads as it was is copied another time.
    await select(db, 'PRAGMA wal_checkpoint(PASSIVE)');
    if (log < veryLongLogPages) return;
    // It lets those wait who want to write, off their thread, while what came meanwhile is copied too.
    await select(db, `PRAGMA busy_timeout = ${RESTART_WAIT_MS}`);
    await select(db, 'PRAGMA wal_checkpoint(RESTART)');
  }

  async function run({ signal }: AbortController): Promise<void> {
    let isFailing = false;
    for (;;) {
      await sleep(INTERVAL_MS, null, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await copy();
        isFailing = false;
      } catch (fault) {
        if (!isFailing) onFault(fault);
        isFailing = true;
      }
    }
  }

  return {
    copy,
    start() {
      running = run(stopping);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
