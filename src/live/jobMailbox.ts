import type { JobRow } from '../db/jobs.ts';

/** What a reader gets: a job, null for one that is gone, or since when to look up what was missed. */
export type Letter = { job: JobRow | null } | { missedSince: string };

/** Jobs that wait for one reader at most: some hundred kilobytes. */
const CAPACITY = 500;

/**
 * What one subscription has still to read. Of each job the latest state alone waits, and of too many
 * jobs none, but since when to look them up: so a reader that doesn't read costs no more than this.
 */
export class JobMailbox {
  readonly #waiting = new Map<string, JobRow | null>();
  #missedSince: string | null = null;
  #isClosed = false;
  #arrival = Promise.withResolvers<void>();
  readonly #onClose: (mailbox: JobMailbox) => void;

  constructor(onClose: (mailbox: JobMailbox) => void) {
    this.#onClose = onClose;
  }

  /** How many jobs wait. */
  get size(): number {
    return this.#waiting.size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  put(id: string, job: JobRow | null): void {
    if (this.#missedSince === null && (this.#waiting.size < CAPACITY || this.#waiting.has(id))) {
      this.#waiting.set(id, job);
      this.#arrival.resolve();
      return;
    }
    for (const row of [...this.#waiting.values(), job]) if (row) this.miss(row.updated_at);
  }

  /** Lets the reader look up what changed since then. */
  miss(since: string): void {
    if (this.#missedSince === null || since < this.#missedSince) this.#missedSince = since;
    this.#waiting.clear();
    this.#arrival.resolve();
  }

  /** Drops what waits of a job where the reader has it at least as new. */
  forget({ id, updated_at }: JobRow): void {
    const waiting = this.#waiting.get(id);
    if (waiting && waiting.updated_at <= updated_at) this.#waiting.delete(id);
  }

  /** The next letter, when there is one; null once the mailbox is closed. */
  async next(): Promise<Letter | null> {
    while (!this.#isClosed) {
      const letter = this.#take();
      if (letter) return letter;
      this.#arrival = Promise.withResolvers();
      await this.#arrival.promise;
    }
    return null;
  }

  #take(): Letter | null {
    if (this.#missedSince !== null) {
      const missedSince = this.#missedSince;
      this.#missedSince = null;
      return { missedSince };
    }
    for (const [id, job] of this.#waiting) {
      this.#waiting.delete(id);
      return { job };
    }
    return null;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.clear();
    this.#onClose(this);
    this.#arrival.resolve();
  }
}
