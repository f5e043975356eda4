import { Aggregate, type AggregateFigures } from '../../src/perf/aggregate.ts';
import type { MetricKind } from '../../src/perf/interval.ts';
import type { Monitor } from '../../src/perf/monitor.ts';

export interface CountedMetric extends AggregateFigures {
  name: string;
}

/** What the monitor counted of a kind and has not handed on, by name. */
export function countedMetrics(monitor: Monitor, kind: MetricKind): CountedMetric[] {
  const byName = new Map<string, Aggregate>();
  for (const entry of monitor.current().entries) {
    if (entry.kind !== kind) continue;
    byName.set(entry.name, (byName.get(entry.name) ?? new Aggregate()).absorb(entry.aggregate));
  }
  return [...byName].map(([name, found]) => ({ name, ...found.figures() }));
}
