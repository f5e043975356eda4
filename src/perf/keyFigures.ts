import type { RecentFigures } from './recentFigures.ts';

export const keyFigureNames = [
  'mean_query',
  'slow_queries',
  'pool_utilization',
  'query_success',
  'event_loop_delay',
  'garbage_collection',
  'heap_used',
] as const;

export type KeyFigureName = (typeof keyFigureNames)[number];

export type Targets = Readonly<Record<KeyFigureName, number>>;

/** A figure to steer by, beside what it should be. */
export interface KeyFigure {
  name: KeyFigureName;
  /** Null where nothing was measured yet. */
  measured: number | null;
  target: number;
  unit: string;
  /** Whether more is better. */
  isFloor: boolean;
  /** Null where nothing was measured yet. */
  isMet: boolean | null;
}

const HOUR_MS = 3_600_000;

const share = (part: number, whole: number): number | null =>
  whole === 0 ? null : (part / whole) * 100;

/** The figures of the last hour of this process. */
export function keyFigures(recent: RecentFigures, targets: Targets, now: Date): KeyFigure[] {
  const sums = recent.sums(now);
  const { statements, durationMs } = sums;
  const measured: Record<KeyFigureName, [number | null, string]> = {
    mean_query: [statements === 0 ? null : sums.statementMs / statements, 'ms'],
    // In the first hour: those that there were, rather than a rate of some seconds.
    slow_queries: [sums.slowStatements / Math.max(1, durationMs / HOUR_MS), 'an hour'],
    pool_utilization: [sums.mean('poolUtilizationPercent'), '%'],
    query_success: [share(statements - sums.failedStatements, statements), '%'],
    event_loop_delay: [sums.mean('eventLoopDelayMs'), 'ms'],
    // Each sample is the time that collecting took in a second.
    garbage_collection: [share(sums.mean('garbageCollectionMs') ?? 0, 1000), '%'],
    heap_used: [sums.highest('heapUsedMegabytes'), 'MB'],
  };
  return keyFigureNames.map((name) => {
    const [value, unit] = measured[name];
    const target = targets[name];
    const isFloor = name === 'query_success';
    const isMet = value === null ? null : isFloor ? value > target : value < target;
    return { name, measured: value, target, unit, isFloor, isMet };
  });
}
