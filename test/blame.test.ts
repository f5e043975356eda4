import { describe, expect, test } from 'vitest';
import { blameFor } from '../src/perf/blame.ts';
import type { Hold } from '../src/perf/heldThread.ts';

/** Numbers that look like any, and are the same each time. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

const request = { id: 'own', from: 100, to: 300, ownMs: 0, idleMs: 0 };

function holdsFrom(seed: number, count: number): Hold[] {
  const next = numbersFrom(seed);
  return Array.from({ length: count }, () => {
    const startedAt = 50 + next(249);
    const endedAt = Math.max(request.from + 1, startedAt + 1 + next(80));
    return {
      traceId: ['own', 'one', 'two', null][next(4)] ?? null,
      operationName: null,
      kind: 'statement',
      name: `statement ${next(3)}`,
      startedAt,
      endedAt,
      turn: 0,
    } as const;
  });
}

/** The rule, millisecond by millisecond: it is whose hold ends first, and nobody's that the request held itself. */
function blamedByMillisecond(holds: readonly Hold[]): Map<string, number> {
  const blamed = new Map<string, number>();
  for (let time = request.from; time < request.to; time += 1) {
    const there = holds.filter(({ startedAt, endedAt }) => startedAt <= time && endedAt > time);
    if (there.some(({ traceId }) => traceId === request.id)) continue;
    const [first] = there.toSorted((a, b) => a.endedAt - b.endedAt);
    if (!first) continue;
    const key = `${first.traceId} ${first.name}`;
    blamed.set(key, (blamed.get(key) ?? 0) + 1);
  }
  return blamed;
}

describe('the time that others held the thread', () => {
  test.each(Array.from({ length: 40 }, (_, index) => index + 1))(
    'is told apart, and none of it twice: %i',
    (seed) => {
      const holds = holdsFrom(seed, 1 + (seed % 25));
      const { entries, blamedMs } = blameFor(request, holds);
      const found = new Map(
        entries.map((entry) => [`${entry.traceId} ${entry.name}`, entry.lostMs]),
      );
      expect(found).toEqual(blamedByMillisecond(holds));
      const sum = entries.reduce((total, { lostMs }) => total + lostMs, 0);
      expect(sum).toBeCloseTo(blamedMs, 6);
    },
  );
});
