import { createHmac } from 'node:crypto';

/** What is posted, and the id by which a receiver knows that it had it before. */
export interface Notice {
  id: string;
  body: Record<string, unknown>;
}

export interface Webhook {
  /** Puts a notice in line. Never throws and never waits. */
  send(notice: Notice): void;
  /** Sends nothing more. */
  stop(): void;
}

interface Options {
  url: string;
  /** Signs what is sent. */
  secret: string;
  clock: () => Date;
  /** Waits so many milliseconds, at most until the signal. */
  pause: (ms: number, signal: AbortSignal) => Promise<unknown>;
  onFault(notice: Notice, fault: unknown): void;
}

/** What waits, at most; of more, the oldest is given up. */
const MAX_WAITING = 100;

/** After each failed attempt; after the last, a notice is given up. */
const RETRY_AFTER_MS = [1000, 5000, 30_000, 120_000, 600_000];

const TIMEOUT_MS = 10_000;

/** The signature of a notice by the Standard Webhooks specification. */
export function signatureOf(secret: string, id: string, timestamp: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  return `v1,${digest}`;
}

/** Posts notices, one after another, and tries again where that fails. */
export function createWebhook({ url, secret, clock, pause, onFault }: Options): Webhook {
  const waiting: Notice[] = [];
  const stopped = new AbortController();
  let isRunning = false;

  async function post({ id, body }: Notice): Promise<void> {
    const text = JSON.stringify(body);
    const timestamp = Math.floor(clock().getTime() / 1000);
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signatureOf(secret, id, timestamp, text),
      },
      body: text,
      redirect: 'error',
      signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`The receiver answered ${response.status}.`);
  }

  async function deliver(notice: Notice): Promise<void> {
    for (let attempt = 0; !stopped.signal.aborted; attempt += 1) {
      try {
        await post(notice);
        return;
      } catch (fault) {
        const retryAfterMs = RETRY_AFTER_MS[attempt];
        if (retryAfterMs === undefined) {
          onFault(notice, fault);
          return;
        }
        // Where it is stopped, the pause ends by throwing.
        await pause(retryAfterMs, stopped.signal).catch(() => undefined);
      }
    }
  }

  async function work(): Promise<void> {
    for (let notice = waiting.shift(); notice; notice = waiting.shift()) await deliver(notice);
    isRunning = false;
  }

  return {
    send(notice) {
      waiting.push(notice);
      if (waiting.length > MAX_WAITING) {
        const [dropped] = waiting.splice(0, 1);
        if (dropped) onFault(dropped, new Error(`${MAX_WAITING} notices wait already.`));
      }
      if (isRunning || stopped.signal.aborted) return;
      isRunning = true;
      void work();
    },
    stop() {
      stopped.abort();
      waiting.length = 0;
    },
  };
}
