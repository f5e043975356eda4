import * as performanceComparison from '../../../src/db/performanceComparison.ts';
import * as performanceMetrics from '../../../src/db/performanceMetrics.ts';
import * as performanceReset from '../../../src/db/performanceReset.ts';
import * as queryPerformanceLogs from '../../../src/db/queryPerformanceLogs.ts';
import { type Calls, later, page, time } from './calls.ts';

const metric: performanceMetrics.PerformanceMetricRow = {
  timestamp: time,
  metric_type: 'operation',
  metric_name: 'Jobs',
  value: 12.5,
  unit: 'ms',
  resolution_seconds: 60,
  due_at: later,
  series: 'series',
  family: 'family',
  name_hash: 'hash',
  operation: 'Jobs',
  client: 'web',
  calls: 1,
  errors: 0,
  row_count: 3,
  hits: 0,
  max_value: 12.5,
  histogram: { '12500': 1 },
};

const unwritten = { sums: [], batches: [] };

const request: performanceMetrics.MetricRequest = {
  grouping: 'name',
  filter: { kind: 'operation', after: time, notBefore: '' },
  unwritten,
};

const series: performanceMetrics.MetricRequest = {
  grouping: { stepSeconds: 600 },
  filter: { kind: 'gauge', after: time, notBefore: time, until: later, name: 'poolUsed' },
  unwritten,
};

const filtered: performanceMetrics.MetricRequest = {
  grouping: 'client',
  filter: { kind: 'operation', after: time, notBefore: '', operation: 'Jobs', client: 'web' },
  unwritten,
};

const most = page(performanceMetrics.metricOrdering);

const dueRequest = { from: { due_at: time, series: 'series' }, now: later };

export const performanceMetricCalls: Calls<typeof performanceMetrics> = {
  insertPerformanceMetrics: {
    'a batch': (db) =>
      performanceMetrics.insertPerformanceMetrics(db, { id: 'batch', rows: [metric] }, 1000),
  },
  findDueMetrics: {
    'the minutes': (db) =>
      performanceMetrics.findDueMetrics(db, { ...dueRequest, seconds: 60 }, 200),
  },
  replacePerformanceMetrics: {
    'two by one': (db) => performanceMetrics.replacePerformanceMetrics(db, [1, 2], [metric]),
  },
  deleteExpiredMetrics: {
    'the days': (db) =>
      performanceMetrics.deleteExpiredMetrics(db, { ...dueRequest, seconds: 86_400 }, 500),
  },
  deleteMetricsBefore: {
    'so many': (db) => performanceMetrics.deleteMetricsBefore(db, { time, afterId: 0 }, 500),
  },
  findMetricPage: {
    'by name': (db) => performanceMetrics.findMetricPage(db, request, most),
    'by client, filtered, after a cursor': (db) =>
      performanceMetrics.findMetricPage(db, filtered, {
        ...most,
        after: { value: 1000, id: 'web' },
      }),
  },
  countMetricGroups: {
    'by name': (db) => performanceMetrics.countMetricGroups(db, request),
  },
  findMetricGroups: {
    'by step of time': (db) => performanceMetrics.findMetricGroups(db, series),
  },
  findMetricIds: {
    'of two names': (db) => performanceMetrics.findMetricIds(db, request, ['a', 'b']),
  },
  findMetricHistograms: {
    'of some rows': (db) => performanceMetrics.findMetricHistograms(db, [1, 2]),
  },
};

export const performanceComparisonCalls: Calls<typeof performanceComparison> = {
  compareDurations: {
    'of two periods': (db) =>
      performanceComparison.compareDurations(db, {
        kind: 'operation',
        periods: [
          { from: time, until: time },
          { from: time, until: later },
        ],
        minimumCalls: 30,
        minimumMs: 5,
        limit: 200,
        timeoutMs: 10_000,
      }),
  },
};

export const performanceResetCalls: Calls<typeof performanceReset> = {
  findPerformanceResetTime: {
    'the last': (db) => performanceReset.findPerformanceResetTime(db),
  },
  updatePerformanceResetTime: {
    'in the transaction of its report': (db) =>
      db.transaction((transaction) =>
        performanceReset.updatePerformanceResetTime(transaction, time),
      ),
  },
};

export const queryPerformanceLogCalls: Calls<typeof queryPerformanceLogs> = {
  insertQueryPerformanceLogs: {
    'one statement': (db) =>
      queryPerformanceLogs.insertQueryPerformanceLogs(
        db,
        [
          {
            timestamp: time,
            query_type: 'select',
            execution_time_ms: 120,
            query_text: 'select ?',
            table_name: null,
            user_id: 1,
            endpoint: 'Jobs',
            row_count: 1,
            statement_hash: 'hash',
            client: 'web',
            request_id: 'request',
          },
        ],
        1000,
      ),
  },
  findSlowestQueryPerformanceLogs: {
    'after a time': (db) => queryPerformanceLogs.findSlowestQueryPerformanceLogs(db, time, 20),
  },
  deleteQueryPerformanceLogsBefore: {
    'so many': (db) =>
      queryPerformanceLogs.deleteQueryPerformanceLogsBefore(db, { from: time, time: later }, 500),
  },
};
