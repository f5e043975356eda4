import type { Knex } from 'knex';
import { copyLog } from './checkpoints.ts';
import {
  type DuePlace,
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
const FIRST_DUE: DuePlace = { due_at: BEGINNING, series: '' };

/** What the monitor keeps its history in. What it writes is given up after `timeoutMs`. */
export function performanceStore(db: Knex, timeoutMs: number) {
  // Where the next steps go on, and never at the beginning again: PostgreSQL would read all that was deleted
  // since the last vacuum, 17 s for millions. What is rolled up weeks late is left to the next process.
  let expired = FIRST_DUE;
  let logsFrom = BEGINNING;
  let forgotten = { time: '', untilId: 0 };
  const metrics = new StepSize();
  const logs = new StepSize();
  async function deleteLogsBefore(time: string): Promise<number> {
    const request = { from: logsFrom, time };
    const rows = await logs.run((limit) => deleteQueryPerformanceLogsBefore(db, request, limit));
    logsFrom = rows.at(-1)?.timestamp ?? logsFrom;
    return rows.length;
  }
  /** Steps that come one after the other would fill the log quicker than another thread copies it. */
  async function copied<Result>(step: Promise<Result>): Promise<Result> {
    const result = await step;
    await copyLog(db);
    return result;
  }
  async function deleteExpired(now: string): Promise<number> {
    const request = { seconds: LAST_STEP_SECONDS, from: expired, now };
    const rows = await metrics.run((limit) => deleteExpiredMetrics(db, request, limit));
    expired = rows.at(-1) ?? expired;
    const logsBefore = new Date(Date.parse(now) - LOGS_KEPT_MS).toISOString();
    return rows.length + (await deleteLogsBefore(logsBefore));
  }
  async function deleteBefore(time: string): Promise<number> {
    if (forgotten.time !== time) forgotten = { time, untilId: 0 };
    const request = { time, afterId: forgotten.untilId };
    const rows = await metrics.run((limit) => deleteMetricsBefore(db, request, limit));
    forgotten.untilId = rows.at(-1)?.id ?? forgotten.untilId;
    return rows.length + (await deleteLogsBefore(time));
  }
  return {
    insertMetrics: (batch: MetricBatch) => insertPerformanceMetrics(db, batch, timeoutMs),
    insertSlowQueries: (rows: readonly QueryPerformanceLogRow[]) =>
      insertQueryPerformanceLogs(db, rows, timeoutMs),
    findDue: (seconds: number, now: string, from: DuePlace | null, limit: number) =>
      findDueMetrics(db, { seconds, from: from ?? FIRST_DUE, now }, limit),
    replace: (ids: readonly number[], rows: readonly PerformanceMetricRow[]) =>
      copied(replacePerformanceMetrics(db, ids, rows)),
    deleteExpired: (now: string) => copied(deleteExpired(now)),
    deleteBefore: (time: string) => copied(deleteBefore(time)),
    findResetTime: () => findPerformanceResetTime(db),
  };
}
