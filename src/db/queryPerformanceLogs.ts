import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { deleteFound } from './deleteFound.ts';

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

/** Deletes up to so many of before a time, from another time on, and gives them. */
export async function deleteQueryPerformanceLogsBefore(
  db: Knex,
  { from, time }: { from: string; time: string },
  limit: number,
): Promise<{ timestamp: string }[]> {
  const rows: { id: number; timestamp: string }[] = await db('query_performance_logs')
    .select('id', 'timestamp')
    .where('timestamp', '>=', from)
    .where('timestamp', '<', time)
    .orderBy('timestamp')
    .limit(limit, { skipBinding: true });
  await deleteFound(db, 'query_performance_logs', rows);
  return rows;
}
