import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A connection may be dead without anybody telling: so it is tried now and then. */
const TRIAL_INTERVAL_MS = 15_000;
const ANSWER_WITHIN_MS = 5000;
const RECONNECT_AFTER_MS = 1000;

export interface NotificationListener {
  /** It listens from now on, and may have missed what was told after `heardAt`. */
  onListening(heardAt: Date): void;
  onNotification(payload: string | undefined): void;
  /** It does not listen from now on; it tries again by itself. */
  onFault(fault: unknown): void;
}

/** Listens, over a connection of its own, to a channel of the database, until it is stopped. */
export function listenToPostgres(
  connection: pg.ClientConfig,
  channel: string,
  { onListening, onNotification, onFault }: NotificationListener,
): () => void {
  const stopping = new AbortController();
  let heardAt = new Date();

  async function listen(): Promise<void> {
    const client = new pg.Client({ ...connection, query_timeout: ANSWER_WITHIN_MS });
    const broken = new AbortController();
    client.on('error', (error) => broken.abort(error));
    client.on('end', () => broken.abort(new Error('The database ended the connection.')));
    client.on('notification', ({ payload }) => onNotification(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      onListening(heardAt);
      const over = AbortSignal.any([stopping.signal, broken.signal]);
      for (;;) {
        heardAt = new Date();
        await sleep(TRIAL_INTERVAL_MS, null, { signal: over, ref: false });
        // No statement at all: the database answers, and counts nothing that the monitor did not.
        await client.query('');
      }
    } catch (error) {
      if (!stopping.signal.aborted) onFault(broken.signal.aborted ? broken.signal.reason : error);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async function listenOn(): Promise<void> {
    while (!stopping.signal.aborted) {
      await listen();
      await sleep(RECONNECT_AFTER_MS, null, { signal: stopping.signal, ref: false }).catch(
        () => undefined,
      );
    }
  }

  void listenOn();
  return () => stopping.abort();
}
