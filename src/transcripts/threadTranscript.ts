import { once } from 'node:events';
import { setImmediate as othersHaveATurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { InvalidTranscriptError } from './invalidTranscript.ts';
import type { TranscriptSummary } from './whisperTranscript.ts';

export type ThreadRequest =
  | { chunk: Uint8Array }
  | { check: { durationSeconds: number | null } }
  | { next: { jobId: string } };

export interface ThreadAnswer {
  summary?: TranscriptSummary;
  fault?: { message: string; segment: number | null };
  /** Null after the last. */
  piece?: string | null;
}

const CHUNKS_AT_ONCE = 16;

/** A transcript that another thread reads: parsing some megabytes would hold this one for too long. */
export class ThreadTranscript {
  readonly #thread = new Worker(new URL('./transcriptThread.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  /** Never resolves: what is asked of a thread that has ended would never be answered. */
  readonly #ended: Promise<never>;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#thread.once('error', reject);
    this.#thread.once('exit', () => reject(new Error('the thread of a transcript has ended')));
    // It is told to whoever asks next; nobody does after `close`.
    promise.catch(() => {});
    this.#ended = promise;
  }

  async #ask(request: ThreadRequest): Promise<ThreadAnswer> {
    const answered = once(this.#thread, 'message');
    this.#thread.postMessage(request);
    const [answer] = await Promise.race([answered, this.#ended]);
    return answer;
  }

  /** Throws an InvalidTranscriptError. */
  async check(
    chunks: AsyncIterable<Uint8Array>,
    durationSeconds: number | null,
  ): Promise<TranscriptSummary> {
    let sent = 0;
    for await (const chunk of chunks) {
      this.#thread.postMessage({ chunk } satisfies ThreadRequest);
      sent += 1;
      if (sent % CHUNKS_AT_ONCE === 0) await othersHaveATurn();
    }
    const { summary, fault } = await this.#ask({ check: { durationSeconds } });
    if (fault) throw new InvalidTranscriptError(fault.message, fault.segment);
    if (!summary) throw new Error('the thread gave neither a summary nor a fault');
    return summary;
  }

  /** A piece is made when it is asked for, so that no more than one waits to be stored. */
  async *pieces(jobId: string): AsyncGenerator<string> {
    for (;;) {
      const { piece = null } = await this.#ask({ next: { jobId } });
      if (piece === null) return;
      yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
