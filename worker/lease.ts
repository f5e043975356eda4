import type { Logger } from 'pino';
import { type Api, Refusal } from './api.ts';
import { reportProgress } from './operations.ts';

/** A longer lease is renewed as often, so that progress is seen. */
const MAX_INTERVAL_SECONDS = 10;

/**
 * The claim on a job. It is renewed by a timer of its own, whatever the program does, until it is ended or
 * lost; what is known of the progress goes along.
 */
export class Lease {
  readonly id: string;
  readonly attempt: number;
  progress: number | null = null;
  readonly #api: Api;
  readonly #seconds: number;
  readonly #logger: Logger;
  readonly #loss = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #renewedAt = performance.now();
  #isRenewing = false;

  constructor(
    token: { id: string; attempt: number },
    { api, seconds, logger }: { api: Api; seconds: number; logger: Logger },
  ) {
    this.id = token.id;
    this.attempt = token.attempt;
    this.#api = api;
    this.#seconds = seconds;
    this.#logger = logger;
    const interval = Math.min(seconds / 3, MAX_INTERVAL_SECONDS);
    this.#timer = setInterval(() => this.#renew(), interval * 1000);
  }

  /** Aborted when somebody else may have the job: nothing that is sent for it counts any more. */
  get lost(): AbortSignal {
    return this.#loss.signal;
  }

  /** What every operation says of the job. */
  get token(): { id: string; attempt: number } {
    return { id: this.id, attempt: this.attempt };
  }

  end(): void {
    clearInterval(this.#timer);
  }

  lose(reason: unknown): void {
    this.end();
    this.#loss.abort(reason);
  }

  async #renew(): Promise<void> {
    if (performance.now() - this.#renewedAt > this.#seconds * 1000) {
      this.lose('The server did not answer until the lease was over.');
    }
    if (this.#isRenewing || this.lost.aborted) return;
    this.#isRenewing = true;
    const sentAt = performance.now();
    try {
      await this.#api.send(reportProgress, {
        ...this.token,
        progress: this.progress,
        leaseSeconds: this.#seconds,
      });
      this.#renewedAt = sentAt;
    } catch (error) {
      if (error instanceof Refusal) this.lose(error.message);
      else this.#logger.warn({ err: error }, 'The lease could not be renewed; trying on');
    } finally {
      this.#isRenewing = false;
    }
  }
}
