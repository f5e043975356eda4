import {
  type EventLoopUtilization,
  monitorEventLoopDelay,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';
import type { HeldThread } from './heldThread.ts';

/** The state of the thread since the last reading. Times in milliseconds. */
export interface EventLoopReading {
  /** How late timers came. */
  delayMeanMs: number;
  delayP99Ms: number;
  delayMaxMs: number;
  /** The share of the time in which it worked, 0 to 1. */
  utilization: number;
  garbageCollections: number;
  garbageCollectionMs: number;
  heapUsedBytes: number;
  heapTotalBytes: number;
  residentBytes: number;
}

/** How often a timer looks how late it comes, in milliseconds. */
const RESOLUTION_MS = 10;

export interface EventLoop {
  /** The reading since the last one. */
  read(): EventLoopReading;
  stop(): void;
}

const milliseconds = (nanoseconds: number): number =>
  Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : 0;

/** Watches the thread. Long collections of garbage are noted among what held it. */
export function watchEventLoop(heldThread: HeldThread): EventLoop {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let utilization: EventLoopUtilization = performance.eventLoopUtilization();
  let garbageCollections = 0;
  let garbageCollectionMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      garbageCollections += 1;
      garbageCollectionMs += duration;
      heldThread.add(
        null,
        'garbageCollection',
        'garbage collection',
        startTime,
        startTime + duration,
      );
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    read() {
      const now = performance.eventLoopUtilization();
      const { heapUsed, heapTotal, rss } = process.memoryUsage();
      const reading: EventLoopReading = {
        // A timer that comes on time is counted with its whole interval.
        delayMeanMs: Math.max(0, milliseconds(delay.mean) - RESOLUTION_MS),
        delayP99Ms: Math.max(0, milliseconds(delay.percentile(99)) - RESOLUTION_MS),
        delayMaxMs: Math.max(0, milliseconds(delay.max) - RESOLUTION_MS),
        utilization: performance.eventLoopUtilization(now, utilization).utilization,
        garbageCollections,
        garbageCollectionMs,
        heapUsedBytes: heapUsed,
        heapTotalBytes: heapTotal,
        residentBytes: rss,
      };
      delay.reset();
      utilization = now;
      garbageCollections = 0;
      garbageCollectionMs = 0;
      return reading;
    },
    stop() {
      delay.disable();
      observer.disconnect();
    },
  };
}
