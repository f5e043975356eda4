import type { Knex } from 'knex';
import {
  addColumn,
  columnTypes,
  createIndexes,
  dropColumn,
  dropIndexes,
  type Index,
  together,
} from '../src/db/migrationSteps.ts';

/** For Knex's command line: CREATE INDEX CONCURRENTLY can't run in a transaction. */
export const config = { transaction: false };

const METRICS = 'performance_metrics';
const LOGS = 'query_performance_logs';

/** Names of statements are longer than an index of PostgreSQL takes; `family` stands for them. */
const replaced: Index = {
  name: 'idx_performance_metrics_name_time',
  table: METRICS,
  on: 'metric_name, timestamp',
};

export const indexes: readonly Index[] = [
  { name: 'idx_performance_metrics_kind_time', table: METRICS, on: 'metric_type, timestamp' },
  { name: 'idx_performance_metrics_family_time', table: METRICS, on: 'family, timestamp' },
  // What is due is found at its beginning, and what becomes one stands together.
  {
    name: 'idx_performance_metrics_due',
    table: METRICS,
    on: 'resolution_seconds, due_at, series',
  },
  {
    name: 'idx_performance_metrics_batch',
    table: METRICS,
    on: 'batch',
    where: 'batch IS NOT NULL',
  },
];

/** The figures of the monitor as they add up: by key, by step of time, with histograms. */
export async function up(db: Knex): Promise<void> {
  const { key, time, real, bigInteger, json } = columnTypes(db);
  const metricColumns: Record<string, string> = {
    resolution_seconds: 'integer NOT NULL DEFAULT 60',
    due_at: time,
    series: `${key} NOT NULL DEFAULT ''`,
    family: `${key} NOT NULL DEFAULT ''`,
    name_hash: `${key} NOT NULL DEFAULT ''`,
    operation: `${key} NOT NULL DEFAULT ''`,
    client: `${key} NOT NULL DEFAULT ''`,
    calls: `${bigInteger} NOT NULL DEFAULT 0`,
    errors: `${bigInteger} NOT NULL DEFAULT 0`,
    row_count: `${bigInteger} NOT NULL DEFAULT 0`,
    hits: `${bigInteger} NOT NULL DEFAULT 0`,
    max_value: `${real} NOT NULL DEFAULT 0`,
    histogram: json,
    batch: key,
  };
  const logColumns: Record<string, string> = {
    statement_hash: key,
    client: key,
    request_id: key,
  };
  await dropIndexes(db, [replaced]);
  await together(db, async (transaction) => {
    for (const [name, type] of Object.entries(metricColumns)) {
      await addColumn(transaction, METRICS, name, type);
    }
    for (const [name, type] of Object.entries(logColumns)) {
      await addColumn(transaction, LOGS, name, type);
    }
  });
  await createIndexes(db, indexes);
}

export async function down(db: Knex): Promise<void> {
  await dropIndexes(db, indexes);
  await together(db, async (transaction) => {
    // They mean nothing without these columns, and a name of theirs may be too long for the index.
    await transaction.raw(`DELETE FROM ${METRICS} WHERE due_at IS NOT NULL`);
    for (const name of [
      'batch',
      'histogram',
      'max_value',
      'hits',
      'row_count',
      'errors',
      'calls',
      'client',
      'operation',
      'name_hash',
      'family',
      'series',
      'due_at',
      'resolution_seconds',
    ]) {
      await dropColumn(transaction, METRICS, name);
    }
    for (const name of ['request_id', 'client', 'statement_hash']) {
      await dropColumn(transaction, LOGS, name);
    }
  });
  await createIndexes(db, [replaced]);
}
