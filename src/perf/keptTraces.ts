import { LRUCache } from 'lru-cache';
import type { Trace } from './trace.ts';

/** Why a trace is kept whole. */
export const keptReasons = ['slow', 'failed', 'sampled'] as const;

export type KeptReason = (typeof keptReasons)[number];

export interface KeptTrace {
  reason: KeptReason;
  trace: Trace;
}

/** The latest of each reason; none can push out those of another. */
const MAX_KEPT: Record<KeptReason, number> = { slow: 300, failed: 100, sampled: 100 };

/** The traces that are kept whole, by id, for a while. */
export class KeptTraces {
  readonly #kept = new Map(
    keptReasons.map((reason) => [reason, new LRUCache<string, Trace>({ max: MAX_KEPT[reason] })]),
  );

  add(reason: KeptReason, trace: Trace): void {
    this.#kept.get(reason)?.set(trace.id, trace);
  }

  find(id: string): KeptTrace | null {
    for (const [reason, traces] of this.#kept) {
      const trace = traces.peek(id);
      if (trace) return { reason, trace };
    }
    return null;
  }

  /** The latest first. */
  all(): KeptTrace[] {
    return [...this.#kept]
      .flatMap(([reason, traces]) => [...traces.values()].map((trace) => ({ reason, trace })))
      .sort((a, b) => b.trace.startedMs - a.trace.startedMs);
  }

  clear(): void {
    for (const traces of this.#kept.values()) traces.clear();
  }
}
