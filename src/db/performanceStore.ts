import type { Knex } from 'knex';
import { copyLog } from './checkpoints.ts';
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
import { StepSize } from './stepSize.ts';

const LAST_STEP_SECONDS = 86_400;

const LOGS_KEPT_MS = 35 * 86_400_000;

/** Before everything that is stored. */
const BEGINNING = new Date(0).toISOString();

/** What the monitor keeps its history in. What it writes is given up after `timeoutMs`. */
export function performanceStore(db: Knex, timeoutMs: number) {
  // What becomes due later is due after these.
  let expiredUntil = BEGINNING;
  const metrics = new StepSize();
  const logs = new StepSize();
  let forgotten = { time: '', untilId: 0 };
  const deleteLogsBefore = (time: string): Promise<number> =>
    logs.run((rows) => deleteQueryPerformanceLogsBefore(db, time, rows));
  /** Steps that come one after the other would fill the log quicker than another thread copies it. */
  async function copied<Result>(step: Promise<Result>): Promise<Result> {
    const result = await step;
    await copyLog(db);
    return result;
  }
  async function deleteExpired(now: string): Promise<number> {
    const request = { seconds: LAST_STEP_SECONDS, from: expiredUntil, now };
    const { count, last } = await metrics.run((rows) => deleteExpiredMetrics(db, request, rows));
    expiredUntil = last ?? expiredUntil;
    return count + (await deleteLogsBefore(new Date(Date.parse(now) - LOGS_KEPT_MS).toISOString()));
  }
  async function deleteBefore(time: string): Promise<number> {
    if (forgotten.time !== time) forgotten = { time, untilId: 0 };
    const request = { time, afterId: forgotten.untilId };
    const { count, last } = await metrics.run((rows) => deleteMetricsBefore(db, request, rows));
    forgotten.untilId = last ?? forgotten.untilId;
    return count + (await deleteLogsBefore(time));
  }
  return {
    insertMetrics: (batch: MetricBatch) => insertPerformanceMetrics(db, batch, timeoutMs),
    insertSlowQueries: (rows: readonly QueryPerformanceLogRow[]) =>
      insertQueryPerformanceLogs(db, rows, timeoutMs),
    findDue: (seconds: number, now: string, limit: number) =>
      findDueMetrics(db, seconds, now, limit),
    replace: (ids: readonly number[], rows: readonly PerformanceMetricRow[]) =>
      copied(replacePerformanceMetrics(db, ids, rows)),
    deleteExpired: (now: string) => copied(deleteExpired(now)),
    deleteBefore: (time: string) => copied(deleteBefore(time)),
    findResetTime: () => findPerformanceResetTime(db),
  };
}
