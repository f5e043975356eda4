import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { audited, type Written } from '../auth/audit.ts';
import {
  findJobToChange,
  findOverdueJobIds,
  type QueueJobRow,
  STEP,
  updateDueJobs,
} from '../db/queue.ts';
import { foldDifferences } from '../db/rollups.ts';
import { failures } from './failures.ts';
import { type JobActor, settleFailure } from './leases.ts';

/** So a worker that died is noticed a second after its lease is over. */
const INTERVAL_MS = 1000;

/** Does what has to be done when a time has come, since nobody asks for it. */
export interface Sweeper {
  /** Once, now. */
  sweep(): Promise<void>;
  /** Every second, in each process of the service. */
  start(): void;
  stop(): Promise<void>;
}

/** What becomes of a job at this moment: nothing where its lease and its time are not over. */
async function settleOverdue(
  transaction: Knex.Transaction,
  { queue }: JobActor,
  job: QueueJobRow | null,
): Promise<Written<QueueJobRow | null>> {
  const now = queue.clock().toISOString();
  const isOver = (time: string | null | undefined): boolean => time != null && time <= now;
  const code = isOver(job?.deadline_at)
    ? 'OUT_OF_TIME'
    : isOver(job?.lease_expires_at)
      ? 'LEASE_EXPIRED'
      : null;
  if (!job || !code) return { result: null, event: null };
  return settleFailure(transaction, job, { queue, code, message: failures[code].meaning });
}

/** Ends the attempts whose lease or time is over. Each alone, so that several processes can do it. */
async function endOverdueAttempts(service: JobActor): Promise<void> {
  for (;;) {
    const ids = await findOverdueJobIds(service.db, service.queue.clock().toISOString());
    for (const id of ids) {
      await audited(service, async (transaction) =>
        settleOverdue(transaction, service, await findJobToChange(transaction, id)),
      );
    }
    if (ids.length < STEP) return;
  }
}

/** Lets jobs into line whose `run_after` has come. */
async function admitDueJobs({ db, queue }: JobActor): Promise<void> {
  for (;;) {
    const now = queue.clock().toISOString();
    const count = await db.transaction((transaction) => updateDueJobs(transaction, now));
    if (count < STEP) return;
  }
}

export function createSweeper(service: JobActor & { background: Knex }, logger: Logger): Sweeper {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function sweep(): Promise<void> {
    await endOverdueAttempts(service);
    await admitDueJobs(service);
    await foldDifferences(service.background);
  }

  async function run({ signal }: AbortController): Promise<void> {
    while (!signal.aborted) {
      // A database that does not answer now may do so in a second.
      await sweep().catch((error) => logger.error({ err: error }, 'The queue was not swept'));
      await sleep(INTERVAL_MS, null, { signal, ref: false }).catch(() => undefined);
    }
  }

  return {
    sweep,
    start() {
      running = run(stopping);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
