import type { Knex } from 'knex';
import {
  deleteExpiredMetrics,
  deleteMetricsBefore,
  findDueMetrics,
  insertPerformanceMetrics,
  type MetricBatch,
  type PerformanceMetricRow,
  replacePerformanceMetrics,
} from './performanceMetrics.ts';
import { findPerformanceResetTime } from './performanceReset.ts';
import {
  deleteQueryPerformanceLogsBefore,
  insertQueryPerformanceLogs,
  type QueryPerformanceLogRow,
} from './queryPerformanceLogs.ts';

/** Rows a statement deletes: some milliseconds with their indexes. */
const DELETED_AT_ONCE = 250;

const LAST_STEP_SECONDS = 86_400;

const LOGS_KEPT_MS = 35 * 86_400_000;

/** Before everything that is stored. */
const BEGINNING = new Date(0).toISOString();

/** What the monitor keeps its history in. What it writes is given up after `timeoutMs`. */
export function performanceStore(db: Knex, timeoutMs: number) {
  // What becomes due later is due after these.
  let expiredUntil = BEGINNING;
  let forgotten = { time: '', untilId: 0 };
  return {
    insertMetrics: (batch: MetricBatch) => insertPerformanceMetrics(db, batch, timeoutMs),
    insertSlowQueries: (rows: readonly QueryPerformanceLogRow[]) =>
      insertQueryPerformanceLogs(db, rows, timeoutMs),
    findDue: (seconds: number, now: string, limit: number) =>
      findDueMetrics(db, seconds, now, limit),
    replace: (ids: readonly number[], rows: readonly PerformanceMetricRow[]) =>
      replacePerformanceMetrics(db, ids, rows),
    async deleteExpired(now: string): Promise<number> {
      const request = { seconds: LAST_STEP_SECONDS, from: expiredUntil, now };
      const { count, last } = await deleteExpiredMetrics(db, request, DELETED_AT_ONCE);
      expiredUntil = last ?? expiredUntil;
      const oldest = new Date(Date.parse(now) - LOGS_KEPT_MS).toISOString();
      return count + (await deleteQueryPerformanceLogsBefore(db, oldest, DELETED_AT_ONCE));
    },
    async deleteBefore(time: string): Promise<number> {
      if (forgotten.time !== time) forgotten = { time, untilId: 0 };
      const request = { time, afterId: forgotten.untilId };
      const { count, last } = await deleteMetricsBefore(db, request, DELETED_AT_ONCE);
      forgotten.untilId = last ?? forgotten.untilId;
      return count + (await deleteQueryPerformanceLogsBefore(db, time, DELETED_AT_ONCE));
    },
    findResetTime: () => findPerformanceResetTime(db),
  };
}
