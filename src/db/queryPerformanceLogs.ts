import type { Knex } from 'knex';
import { dialectOf } from './client.ts';

/** A slow statement, without its values. */
export interface QueryPerformanceLogRow {
  timestamp: string;
  query_type: string;
  execution_time_ms: number;
  query_text: string;
  table_name: string | null;
  user_id: number | null;
  endpoint: string | null;
  row_count: number;
  statement_hash: string;
  client: string | null;
  request_id: string | null;
}

const columns = [
  'timestamp',
  'query_type',
  'execution_time_ms',
  'query_text',
  'table_name',
  'user_id',
  'endpoint',
  'row_count',
  'statement_hash',
  'client',
  'request_id',
] as const satisfies readonly (keyof QueryPerformanceLogRow)[];

export async function insertQueryPerformanceLogs(
  db: Knex,
  rows: readonly QueryPerformanceLogRow[],
  timeoutMs: number,
): Promise<void> {
  const source = dialectOf(db).rowsFromJson('query_performance_logs', columns);
  const insert = db.raw(`INSERT INTO query_performance_logs (${columns.join(', ')}) ${source}`, [
    JSON.stringify(rows),
  ]);
  await insert.timeout(timeoutMs, { cancel: db.client.canCancelQuery });
}

/** The slowest that were sent after a time. */
export async function findSlowestQueryPerformanceLogs(
  db: Knex,
  after: string,
  limit: number,
): Promise<QueryPerformanceLogRow[]> {
  return db('query_performance_logs')
    .select(columns)
    .where('timestamp', '>', after)
    .orderBy([{ column: 'execution_time_ms', order: 'desc' }, 'id'])
    .limit(limit);
}

/** Deletes up to so many of before a time; gives how many. */
export async function deleteQueryPerformanceLogsBefore(
  db: Knex,
  time: string,
  limit: number,
): Promise<number> {
  return db('query_performance_logs')
    .whereRaw(
      `id IN (SELECT id FROM query_performance_logs WHERE timestamp < ? ORDER BY timestamp LIMIT ${limit})`,
      [time],
    )
    .delete();
}
