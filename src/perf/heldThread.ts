import { performance } from 'node:perf_hooks';
import type { Trace } from './trace.ts';

/** What held the thread. */
export const holdKinds = [
  'statement',
  'resolver',
  'parse',
  'validate',
  'operation',
  'serialize',
  'garbageCollection',
] as const;

export type HoldKind = (typeof holdKinds)[number];

/** Synchronous work: while it ran, nobody else was served. Times by performance.now(). */
export interface Hold {
  traceId: string | null;
  operationName: string | null;
  kind: HoldKind;
  /** The statement's text, the resolver's field, or nothing more than the kind. */
  name: string;
  startedAt: number;
  endedAt: number;
  /** The turn of the event loop that it ended in. */
  turn: number;
}

/** Shorter work is what sharing a thread is; what is blamed on somebody is longer. In milliseconds. */
export const SHORTEST_HOLD_MS = 10;

/** Holds that are kept: at ten milliseconds and more each, those of the last ten seconds at the least. */
const MAX_HOLDS = 1000;

/** How long after its end a collection of garbage is noted, at the latest, in milliseconds. */
const LATEST_NOTE_MS = 1000;

/** Measures synchronous work, and remembers what held the thread for long, so that those who waited can be told. */
export class HeldThread {
  readonly #holds: Hold[] = [];
  /** What was measured within the work that runs now: it is not counted twice. */
  #innerMs = 0;

  /** Begins a piece of synchronous work; `end` takes what this gives. */
  begin(): number {
    const outerMs = this.#innerMs;
    this.#innerMs = 0;
    return outerMs;
  }

  /** Gives when it ended. */
  end(
    trace: Trace | null,
    kind: HoldKind,
    name: string,
    startedAt: number,
    outerMs: number,
  ): number {
    const innerMs = this.#innerMs;
    const endedAt = performance.now();
    this.#innerMs = outerMs;
    this.add(trace, kind, name, startedAt, endedAt, innerMs);
    return endedAt;
  }

  /** Work whose time somebody else took; within it, `innerMs` were counted before. */
  add(
    trace: Trace | null,
    kind: HoldKind,
    name: string,
    startedAt: number,
    endedAt: number,
    innerMs = 0,
  ): void {
    const durationMs = endedAt - startedAt;
    this.#innerMs += durationMs;
    if (trace) trace.heldMs += durationMs - innerMs;
    this.note(trace, kind, name, startedAt, endedAt);
  }

  /** Remembers work that was measured in its parts. */
  note(
    trace: Trace | null,
    kind: HoldKind,
    name: string,
    startedAt: number,
    endedAt: number,
  ): void {
    if (endedAt - startedAt < SHORTEST_HOLD_MS) return;
    this.#holds.push({
      traceId: trace?.id ?? null,
      operationName: trace?.operationName ?? null,
      kind,
      name,
      startedAt,
      endedAt,
      turn: this.turn(),
    });
    if (this.#holds.length > MAX_HOLDS) this.#holds.shift();
  }

  /** How often the event loop went round. */
  turn(): number {
    return performance.nodeTiming.uvMetricsInfo.loopCount;
  }

  /** Those that overlap with a time, the latest first. */
  between(from: number, to: number): Hold[] {
    const found: Hold[] = [];
    for (let index = this.#holds.length - 1; index >= 0; index -= 1) {
      const hold = this.#holds[index];
      // They are noted as they end, collections of garbage a little later.
      if (!hold || hold.endedAt < from - LATEST_NOTE_MS) break;
      if (hold.startedAt < to && hold.endedAt > from) found.push(hold);
    }
    return found;
  }

  /**
   * Since when a request that is read now may have lain unread. The loop reads what has come once a
   * turn: what held the thread in this turn or the last one kept it waiting, what was before did not.
   */
  unreadSince(now: number, turn: number): number {
    let since = now;
    for (let index = this.#holds.length - 1; index >= 0; index -= 1) {
      const hold = this.#holds[index];
      if (!hold || turn - hold.turn > 1) break;
      since = Math.min(since, hold.startedAt);
    }
    return since;
  }
}
