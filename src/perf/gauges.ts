import { watchEventLoop } from './eventLoop.ts';
import type { Monitor } from './monitor.ts';

/** The connections of a pool. */
export interface PoolReading {
  used: number;
  free: number;
  /** Those who wait for one. */
  waiting: number;
  size: number;
}

/** What is sampled; the name ends with the unit, where it is not a count. */
export const gaugeNames = [
  'poolUsed',
  'poolWaiting',
  'poolUtilizationPercent',
  'eventLoopDelayMs',
  'eventLoopUtilizationPercent',
  'garbageCollectionMs',
  'heapUsedMegabytes',
  'residentMegabytes',
] as const;

export type GaugeName = (typeof gaugeNames)[number];

const MEGABYTE = 1_000_000;
const SAMPLE_EVERY_MS = 1000;

interface Options {
  monitor: Monitor;
  readPool(): PoolReading;
}

export interface Gauges {
  /** The last samples. */
  latest(): Record<GaugeName, number>;
  stop(): void;
}

/** Samples the thread and the pool once a second. */
export function sampleGauges({ monitor, readPool }: Options): Gauges {
  const eventLoop = watchEventLoop(monitor.heldThread);
  const read = (): Record<GaugeName, number> => {
    const loop = eventLoop.read();
    const pool = readPool();
    return {
      poolUsed: pool.used,
      poolWaiting: pool.waiting,
      poolUtilizationPercent: (pool.used / pool.size) * 100,
      eventLoopDelayMs: loop.delayMaxMs,
      eventLoopUtilizationPercent: loop.utilization * 100,
      garbageCollectionMs: loop.garbageCollectionMs,
      heapUsedMegabytes: loop.heapUsedBytes / MEGABYTE,
      residentMegabytes: loop.residentBytes / MEGABYTE,
    };
  };
  let latest = read();
  const timer = setInterval(() => {
    latest = read();
    for (const name of gaugeNames) monitor.recordGauge(name, latest[name]);
  }, SAMPLE_EVERY_MS);
  timer.unref();
  return {
    latest: () => latest,
    stop() {
      clearInterval(timer);
      eventLoop.stop();
    },
  };
}
