import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { dialectOf, select } from './client.ts';
import { sqlite } from './sqlite.ts';

/** How often the log is looked at. */
const INTERVAL_MS = 250;

/** Pages of the log: from where on it is copied, and from where on those who write wait for that. */
const LIMITS = {
  /** As many as SQLite has by itself. */
  long: 1000,
  /** It comes to that where many write without a pause: what is copied is never all, so the log goes on. */
  veryLong: 10_000,
};

/** How long a moment is waited for in which nobody writes, and then one in which nobody reads the log. */
const PAUSE_WITHIN_MS = 100;

/** Pages of the log, and how many of them are in the file. */
export interface LogState {
  log: number;
  checkpointed: number;
}

/** `NOOP` counts and copies nothing. */
export async function findLogState(db: Knex): Promise<LogState> {
  const [state] = await select<LogState>(db, 'PRAGMA wal_checkpoint(NOOP)');
  return { log: state?.log ?? 0, checkpointed: state?.checkpointed ?? 0 };
}

/**
 * Copies what was written to SQLite from its log into the file, where the log is long, so that who writes next
 * begins it anew. PostgreSQL does so by itself. For connections on threads of their own.
 */
export async function copyLog(db: Knex, { long, veryLong } = LIMITS): Promise<void> {
  if (dialectOf(db) !== sqlite) return;
  const { log, checkpointed } = await findLogState(db);
  if (log < long || checkpointed === log) return;
  // Nobody waits for this one, and it for nobody: what is still read as it was is copied another time.
  await select(db, 'PRAGMA wal_checkpoint(PASSIVE)');
  if (log < veryLong) return;
  await select(db, `PRAGMA busy_timeout = ${PAUSE_WITHIN_MS}`);
  try {
    await select(db, 'PRAGMA wal_checkpoint(RESTART)');
  } finally {
    await select(db, 'PRAGMA busy_timeout = 0');
  }
}

/** Copies the log again and again, in each process of the service. */
export interface Checkpoints {
  start(): void;
  stop(): Promise<void>;
}

interface Options {
  /** A connection without statements that would keep it waiting. */
  db: Knex;
  /** Told once, until it succeeds again. */
  onFault(fault: unknown): void;
}

export function createCheckpoints({ db, onFault }: Options): Checkpoints {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function run({ signal }: AbortController): Promise<void> {
    let isFailing = false;
    for (;;) {
      await sleep(INTERVAL_MS, null, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await copyLog(db);
        isFailing = false;
      } catch (fault) {
        if (!isFailing) onFault(fault);
        isFailing = true;
      }
    }
  }

  return {
    start() {
      running = run(stopping);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
