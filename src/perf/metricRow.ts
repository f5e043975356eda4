import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AggregateRecord, HistogramCounts } from './aggregate.ts';
import type { MetricKey } from './interval.ts';
import { dueAt, FINEST_SECONDS } from './resolutions.ts';

/** Figures as they are stored: of one key, from one moment on. The names are those of the columns. */
export interface MetricRow {
  /** When the counting began. */
  timestamp: string;
  metric_type: string;
  metric_name: string;
  /** All calls together, in `unit`. */
  value: number;
  unit: string;
  resolution_seconds: number;
  /** When it is rolled up or deleted. */
  due_at: string;
  /** One for each key. */
  series: string;
  /** One for each kind, name and hash. */
  family: string;
  name_hash: string;
  operation: string;
  client: string;
  calls: number;
  errors: number;
  row_count: number;
  hits: number;
  max_value: number;
  histogram: HistogramCounts;
}

const digests = new LRUCache<string, string>({ max: 20_000 });

function digest(parts: readonly string[]): string {
  const text = parts.join('\n');
  let found = digests.get(text);
  if (!found) {
    found = createHash('sha256').update(text).digest('base64url').slice(0, 16);
    digests.set(text, found);
  }
  return found;
}

export const familyOf = ({ kind, name, hash }: MetricKey): string => digest([kind, name, hash]);

const seriesOf = ({ kind, name, hash, operation, client }: MetricKey): string =>
  digest([kind, name, hash, operation, client]);

export function metricRow(timestamp: string, key: MetricKey, record: AggregateRecord): MetricRow {
  return {
    timestamp,
    metric_type: key.kind,
    metric_name: key.name,
    value: record.totalMs,
    unit: key.kind === 'gauge' ? 'sample' : 'ms',
    resolution_seconds: FINEST_SECONDS,
    due_at: dueAt(timestamp, FINEST_SECONDS),
    series: seriesOf(key),
    family: familyOf(key),
    name_hash: key.hash,
    operation: key.operation,
    client: key.client,
    calls: record.calls,
    errors: record.errors,
    row_count: record.rows,
    hits: record.hits,
    max_value: record.maxMs,
    histogram: record.histogram,
  };
}

/** Adds the figures of one row to those of another. */
export function addRow(sum: MetricRow, row: MetricRow): void {
  if (row.timestamp < sum.timestamp) sum.timestamp = row.timestamp;
  sum.value += row.value;
  sum.calls += row.calls;
  sum.errors += row.errors;
  sum.row_count += row.row_count;
  sum.hits += row.hits;
  sum.max_value = Math.max(sum.max_value, row.max_value);
  for (const [microseconds, calls] of Object.entries(row.histogram)) {
    sum.histogram[microseconds] = (sum.histogram[microseconds] ?? 0) + calls;
  }
}

const copied = (row: MetricRow): MetricRow => ({ ...row, histogram: { ...row.histogram } });

/** One row for all that `keyOf` gives one key. */
export function merged(rows: Iterable<MetricRow>, keyOf: (row: MetricRow) => string): MetricRow[] {
  const sums = new Map<string, MetricRow>();
  for (const row of rows) {
    const key = keyOf(row);
    const sum = sums.get(key);
    if (sum) addRow(sum, row);
    else sums.set(key, copied(row));
  }
  return [...sums.values()];
}
