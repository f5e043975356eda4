import type { Knex } from 'knex';
import { dialectOf } from './client.ts';

/** What a table took at some time, its indexes and all. */
export interface TableSample {
  table: string;
  bytes: number;
  at: string;
}

/** In `performance_metrics`, among the figures of others. */
const KIND = 'table';
const PREFIX = 'table_bytes:';

interface MetricRow {
  metric_name: string;
  value: number;
  timestamp: string;
}

const namesOf = (tables: readonly string[]): string[] => tables.map((table) => PREFIX + table);

export async function insertTableSamples(db: Knex, samples: readonly TableSample[]): Promise<void> {
  await db('performance_metrics').insert(
    samples.map(({ table, bytes, at }) => ({
      timestamp: at,
      metric_type: KIND,
      metric_name: PREFIX + table,
      value: bytes,
      unit: 'bytes',
    })),
  );
}

/** There is one a day of each table, so a month has some thirty. */
export async function findTableSamples(
  db: Knex,
  tables: readonly string[],
  since: string,
): Promise<TableSample[]> {
  const dialect = dialectOf(db);
  const rows: MetricRow[] = await db('performance_metrics')
    .select('metric_name', 'value', 'timestamp')
    .where('metric_type', KIND)
    .whereRaw(dialect.isAnyOf('metric_name', 'text'), [dialect.keyList(namesOf(tables))])
    .where('timestamp', '>=', since)
    .orderBy('timestamp');
  return rows.map(({ metric_name, value, timestamp }) => ({
    table: metric_name.slice(PREFIX.length),
    bytes: value,
    at: timestamp,
  }));
}

export async function deleteTableSamples(
  db: Knex,
  tables: readonly string[],
  before: string,
): Promise<void> {
  const dialect = dialectOf(db);
  await db('performance_metrics')
    .where('metric_type', KIND)
    .whereRaw(dialect.isAnyOf('metric_name', 'text'), [dialect.keyList(namesOf(tables))])
    .where('timestamp', '<', before)
    .delete();
}
