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

/** Rows a statement deletes: some ten milliseconds with their indexes. */
const DELETED_AT_ONCE = 500;

const LAST_STEP_SECONDS = 86_400;

const LOGS_KEPT_MS = 35 * 86_400_000;

/** What the monitor keeps its history in. What it writes is given up after `timeoutMs`. */
export const performanceStore = (db: Knex, timeoutMs: number) => ({
  insertMetrics: (batch: MetricBatch) => insertPerformanceMetrics(db, batch, timeoutMs),
  insertSlowQueries: (rows: readonly QueryPerformanceLogRow[]) =>
    insertQueryPerformanceLogs(db, rows, timeoutMs),
  findDue: (seconds: number, now: string, limit: number) => findDueMetrics(db, seconds, now, limit),
  replace: (ids: readonly number[], rows: readonly PerformanceMetricRow[]) =>
    replacePerformanceMetrics(db, ids, rows),
  async deleteExpired(now: string): Promise<number> {
    const oldest = new Date(Date.parse(now) - LOGS_KEPT_MS).toISOString();
    return (
      (await deleteExpiredMetrics(db, LAST_STEP_SECONDS, now, DELETED_AT_ONCE)) +
      (await deleteQueryPerformanceLogsBefore(db, oldest, DELETED_AT_ONCE))
    );
  },
  async deleteBefore(time: string): Promise<number> {
    return (
      (await deleteMetricsBefore(db, time, DELETED_AT_ONCE)) +
      (await deleteQueryPerformanceLogsBefore(db, time, DELETED_AT_ONCE))
    );
  },
  findResetTime: () => findPerformanceResetTime(db),
});
