import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ChangedJob, JobChangeListener, JobChanges, StopWatching } from './jobChanges.ts';

const CHANNEL = 'job_changes';
/** A connection may be dead without anybody telling: so it is tried now and then. */
const TRIAL_INTERVAL_MS = 15_000;
const ANSWER_WITHIN_MS = 5000;
const RECONNECT_AFTER_MS = 1000;

/** What the trigger of the migration 010 wrote: pairs of a job and its user, or nothing for many. */
function changesOf(payload: string | undefined): JobChanges {
  if (!payload) return { since: new Date() };
  const pairs = JSON.parse(payload) as [string, number][];
  return { jobs: pairs.map(([id, userId]): ChangedJob => ({ id, userId })) };
}

/**
 * Listens, over a connection of its own, to what the database notifies of. After a break it listens
 * again, and says since when it may have missed something.
 */
export function watchPostgresJobs(
  connection: pg.ClientConfig,
  { onChange, onFault }: JobChangeListener,
): StopWatching {
  const stopping = new AbortController();
  let heardAt = new Date();

  async function listen(): Promise<void> {
    const client = new pg.Client({ ...connection, query_timeout: ANSWER_WITHIN_MS });
    const broken = new AbortController();
    client.on('error', (error) => broken.abort(error));
    client.on('end', () => broken.abort(new Error('The database ended the connection.')));
    client.on('notification', ({ payload }) => onChange(changesOf(payload)));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      onChange({ since: heardAt });
      const over = AbortSignal.any([stopping.signal, broken.signal]);
      for (;;) {
        heardAt = new Date();
        await sleep(TRIAL_INTERVAL_MS, null, { signal: over, ref: false });
        await client.query('SELECT 1');
      }
    } catch (error) {
      throw broken.signal.aborted ? broken.signal.reason : error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async function listenOn(): Promise<void> {
    while (!stopping.signal.aborted) {
      await listen().catch((fault: unknown) => {
        if (!stopping.signal.aborted) onFault(fault);
      });
      await sleep(RECONNECT_AFTER_MS, null, { signal: stopping.signal, ref: false }).catch(
        () => undefined,
      );
    }
  }

  void listenOn();
  return () => stopping.abort();
}
