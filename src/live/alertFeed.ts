import type { AlertRow } from '../db/alerts.ts';

/** Alerts that wait for one reader, each in its latest state. There are few at a time. */
class AlertReader implements AsyncIterableIterator<AlertRow, void> {
  readonly #waiting = new Map<number, AlertRow>();
  readonly #onEnd: (reader: AlertReader) => void;
  #arrival = Promise.withResolvers<void>();
  #isOver = false;

  constructor(onEnd: (reader: AlertReader) => void) {
    this.#onEnd = onEnd;
  }

  put(alert: AlertRow): void {
    this.#waiting.set(alert.id, alert);
    this.#arrival.resolve();
  }

  async next(): Promise<IteratorResult<AlertRow, void>> {
    while (!this.#isOver) {
      for (const [id, alert] of this.#waiting) {
        this.#waiting.delete(id);
        return { done: false, value: alert };
      }
      this.#arrival = Promise.withResolvers();
      await this.#arrival.promise;
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<AlertRow, void>> {
    this.#isOver = true;
    this.#onEnd(this);
    this.#arrival.resolve();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Brings alerts that changed to all who watch them in this process. */
export class AlertFeed {
  readonly #readers = new Set<AlertReader>();
  #isClosed = false;

  /** First those that are open, then each that changes. */
  async watch(open: () => Promise<AlertRow[]>): Promise<AsyncIterableIterator<AlertRow, void>> {
    // Before they are read, so that what changes meanwhile is not missed.
    const reader = new AlertReader((ended) => this.#readers.delete(ended));
    if (this.#isClosed) await reader.return();
    else this.#readers.add(reader);
    for (const alert of await open()) reader.put(alert);
    return reader;
  }

  tell(alert: AlertRow): void {
    for (const reader of this.#readers) reader.put(alert);
  }

  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers) void reader.return();
  }
}
