import type { Knex } from 'knex';
import { dialectOf, select } from './client.ts';
import { deleteFound } from './deleteFound.ts';
import { findPage, type Ordering, type Page, type PageRequest } from './keyset.ts';

/** What was counted of one key from one moment on: the sums. */
export interface MetricSumsRow {
  timestamp: string;
  metric_type: string;
  metric_name: string;
  /** All calls together, in `unit`. */
  value: number;
  unit: string;
  resolution_seconds: number;
  due_at: string;
  series: string;
  family: string;
  name_hash: string;
  operation: string;
  client: string;
  calls: number;
  errors: number;
  row_count: number;
  hits: number;
  max_value: number;
}

export interface PerformanceMetricRow extends MetricSumsRow {
  /** How many calls took so many microseconds. */
  histogram: Record<string, number>;
}

const sumColumns = [
  'timestamp',
  'metric_type',
  'metric_name',
  'value',
  'unit',
  'resolution_seconds',
  'due_at',
  'series',
  'family',
  'name_hash',
  'operation',
  'client',
  'calls',
  'errors',
  'row_count',
  'hits',
  'max_value',
] as const satisfies readonly (keyof MetricSumsRow)[];

const columns = [...sumColumns, 'histogram'] as const;
const columnList = columns.join(', ');

export interface MetricBatch {
  id: string;
  rows: readonly PerformanceMetricRow[];
}

/**
 * One statement, so it is done or not; and if nobody knows whether it was, it may be sent again. It is
 * given up after `timeoutMs`: somebody may hold the table.
 */
export async function insertPerformanceMetrics(
  db: Knex,
  { id, rows }: MetricBatch,
  timeoutMs: number,
): Promise<void> {
  const source = dialectOf(db).rowsFromJson('performance_metrics', columns);
  const insert = db.raw(
    `INSERT INTO performance_metrics (batch, ${columnList})
     SELECT ?, ${columnList} FROM (${source}) AS counted
      WHERE NOT EXISTS (SELECT 1 FROM performance_metrics WHERE batch = ?)`,
    [id, JSON.stringify(rows), id],
  );
  await insert.timeout(timeoutMs, { cancel: db.client.canCancelQuery });
}

/** A place in the order in which figures become due. */
export interface DuePlace {
  due_at: string;
  series: string;
}

/**
 * What is due of a step, from a place on. PostgreSQL keeps what was deleted in its indexes until a vacuum, so
 * who always began at their beginning, or at that of a day with very many names, would read more each time.
 */
export interface DueRequest {
  seconds: number;
  from: DuePlace;
  now: string;
}

const isDue = 'resolution_seconds = ? AND (due_at, series) >= (?, ?) AND due_at <= ?';

const dueBindings = ({ seconds, from, now }: DueRequest) => [
  seconds,
  from.due_at,
  from.series,
  now,
];

/** Those that become one beside each other. */
export async function findDueMetrics(
  db: Knex,
  request: DueRequest,
  limit: number,
): Promise<(PerformanceMetricRow & { id: number })[]> {
  const rows = await select<
    MetricSumsRow & { id: number; histogram: string | Record<string, number> }
  >(
    db,
    `SELECT id, ${columnList} FROM performance_metrics
      WHERE ${isDue} ORDER BY due_at, series LIMIT ${limit}`,
    dueBindings(request),
  );
  // PostgreSQL's driver has read it already.
  return rows.map((row) => ({
    ...row,
    histogram: typeof row.histogram === 'string' ? JSON.parse(row.histogram) : row.histogram,
  }));
}

class RowsGoneError extends Error {}

/** Whether the rows were replaced: not where one of them is gone, since then another process did it. */
export async function replacePerformanceMetrics(
  db: Knex,
  ids: readonly number[],
  rows: readonly PerformanceMetricRow[],
): Promise<boolean> {
  const dialect = dialectOf(db);
  const source = dialect.rowsFromJson('performance_metrics', columns);
  try {
    await db.transaction(async (transaction) => {
      const deleted = await transaction('performance_metrics')
        .whereRaw(dialect.isAnyOf('id', 'integer'), [dialect.keyList(ids)])
        .delete();
      if (deleted !== ids.length) throw new RowsGoneError();
      await transaction.raw(`INSERT INTO performance_metrics (${columnList}) ${source}`, [
        JSON.stringify(rows),
      ]);
    });
    return true;
  } catch (error) {
    if (error instanceof RowsGoneError) return false;
    throw error;
  }
}

/** Deletes up to so many of those that are due, and gives where they were. */
export async function deleteExpiredMetrics(
  db: Knex,
  request: DueRequest,
  limit: number,
): Promise<DuePlace[]> {
  const rows: (DuePlace & { id: number })[] = await db('performance_metrics')
    .select('id', 'due_at', 'series')
    .whereRaw(isDue, dueBindings(request))
    .orderBy(['due_at', 'series'])
    .limit(limit, { skipBinding: true });
  await deleteFound(db, 'performance_metrics', rows);
  return rows;
}

/**
 * Looks at up to so many rows, from an id on, deletes those that began before a time, whatever their step,
 * and gives all that it looked at: where few of very many began so early, to find them would take long.
 */
export async function deleteMetricsBefore(
  db: Knex,
  { time, afterId }: { time: string; afterId: number },
  limit: number,
): Promise<{ id: number }[]> {
  const rows: { id: number; timestamp: string; due_at: string | null }[] = await db(
    'performance_metrics',
  )
    .select('id', 'timestamp', 'due_at')
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit, { skipBinding: true });
  // Others keep rows here that are never due.
  const forgotten = rows.filter(({ timestamp, due_at }) => timestamp < time && due_at !== null);
  await deleteFound(db, 'performance_metrics', forgotten);
  return rows;
}

/** What a figure is of: each name, each client, or a step of time. */
export type MetricGrouping = 'name' | 'client' | { stepSeconds: number };

export interface MetricFilter {
  kind: string;
  /** Only what began later. */
  after: string;
  /** And not before this; empty for all. */
  notBefore: string;
  /** And not later than this. */
  until?: string | undefined;
  operation?: string | null | undefined;
  client?: string | null | undefined;
  /** A name, or the hash of one. */
  name?: string | undefined;
}

export interface MetricRequest {
  grouping: MetricGrouping;
  filter: MetricFilter;
  /** What this process has not written for sure: its rows count, and what is stored of its batches does not. */
  unwritten: { sums: readonly MetricSumsRow[]; batches: readonly string[] };
}

/** The sums of a group. */
export interface MetricGroupRow {
  group_id: string;
  name: string;
  hash: string;
  client: string;
  calls: number;
  errors: number;
  row_count: number;
  hits: number;
  /** In whole thousandths, since sums of others differ by the order that they are added in. */
  total_thousandths: number;
  max_value: number;
}

/** What took most time in all first. */
export const metricOrdering: Ordering<MetricGroupRow> = {
  name: 'performance.total',
  column: 'total_thousandths',
  kind: 'bigInteger',
  nullable: false,
  value: (row) => row.total_thousandths,
  idColumn: 'group_id',
  idType: 'text',
  id: (row) => row.group_id,
};

function groupOf(db: Knex, grouping: MetricGrouping): string {
  if (grouping === 'name') return 'family';
  if (grouping === 'client') return 'client';
  const { stepSeconds } = grouping;
  const seconds = dialectOf(db).secondsOf('timestamp');
  return `CAST(${seconds} / ${stepSeconds} * ${stepSeconds} AS text)`;
}

/** The same of a row in memory. */
export function groupOfRow(row: MetricSumsRow, grouping: MetricGrouping): string {
  if (grouping === 'name') return row.family;
  if (grouping === 'client') return row.client;
  const { stepSeconds } = grouping;
  return String(Math.floor(Date.parse(row.timestamp) / 1000 / stepSeconds) * stepSeconds);
}

/** Which rows are stored and count, and not by the process itself. */
function storedWhere(
  db: Knex,
  { filter, unwritten }: MetricRequest,
): { sql: string; bindings: Knex.RawBinding[] } {
  const dialect = dialectOf(db);
  const conditions: [string, Knex.RawBinding[]][] = [
    ['metric_type = ?', [filter.kind]],
    ['timestamp > ?', [filter.after]],
    ...(filter.notBefore === ''
      ? []
      : ([['timestamp >= ?', [filter.notBefore]]] satisfies [string, Knex.RawBinding[]][])),
  ];
  if (filter.until !== undefined) conditions.push(['timestamp <= ?', [filter.until]]);
  if (filter.operation != null) conditions.push(['operation = ?', [filter.operation]]);
  if (filter.client != null) conditions.push(['client = ?', [filter.client]]);
  if (filter.name !== undefined) {
    conditions.push(['(metric_name = ? OR name_hash = ?)', [filter.name, filter.name]]);
  }
  conditions.push([
    `(batch IS NULL OR NOT (${dialect.isAnyOf('batch', 'text')}))`,
    [dialect.keyList(unwritten.batches)],
  ]);
  return {
    sql: conditions.map(([condition]) => condition).join(' AND '),
    bindings: conditions.flatMap(([, bindings]) => bindings),
  };
}

/** The sums of each group, as a table. */
function groupedSums(db: Knex, request: MetricRequest): Knex.Raw {
  const list = sumColumns.join(', ');
  const stored = storedWhere(db, request);
  return db.raw(
    `(SELECT ${groupOf(db, request.grouping)} AS group_id,
             min(metric_name) AS name, min(name_hash) AS hash, min(client) AS client,
             sum(calls) AS calls, sum(errors) AS errors, sum(row_count) AS row_count,
             sum(hits) AS hits, CAST(round(sum(value) * 1000) AS bigint) AS total_thousandths,
             max(max_value) AS max_value
        FROM (SELECT ${list} FROM performance_metrics WHERE ${stored.sql}
              UNION ALL
              SELECT ${list} FROM (${dialectOf(db).rowsFromJson('performance_metrics', sumColumns)}) AS own
             ) AS counted
       GROUP BY 1) AS grouped`,
    [...stored.bindings, JSON.stringify(request.unwritten.sums)],
  );
}

export async function findMetricPage(
  db: Knex,
  request: MetricRequest,
  page: PageRequest<MetricGroupRow>,
): Promise<Page<MetricGroupRow>> {
  return findPage(db, db.select('grouped.*').from(groupedSums(db, request)), page);
}

export async function countMetricGroups(db: Knex, request: MetricRequest): Promise<number> {
  const [row]: { count: number }[] = await db.count({ count: '*' }).from(groupedSums(db, request));
  return Number(row?.count);
}

/** All groups, in order. For groupings that are bounded. */
export async function findMetricGroups(
  db: Knex,
  request: MetricRequest,
): Promise<MetricGroupRow[]> {
  return db.select('grouped.*').from(groupedSums(db, request)).orderBy('group_id');
}

/** Which rows make up some groups. Their histograms are many, so they are read in parts. */
export async function findMetricIds(
  db: Knex,
  request: MetricRequest,
  groups: readonly string[],
): Promise<{ group_id: string; ids: number[] }[]> {
  const dialect = dialectOf(db);
  const stored = storedWhere(db, request);
  const group = groupOf(db, request.grouping);
  const rows = await select<{ group_id: string; ids: string }>(
    db,
    `SELECT ${group} AS group_id, ${dialect.listOf('id')} AS ids
       FROM performance_metrics
      WHERE ${stored.sql} AND ${dialect.isAnyOf(group, 'text')}
      GROUP BY 1`,
    [...stored.bindings, dialect.keyList(groups)],
  );
  return rows.map(({ group_id, ids }) => ({ group_id, ids: JSON.parse(ids) }));
}

/** The histograms of rows, as JSON. */
export async function findMetricHistograms(
  db: Knex,
  ids: readonly number[],
): Promise<{ id: number; histogram: string }[]> {
  const dialect = dialectOf(db);
  return select(
    db,
    `SELECT id, CAST(histogram AS text) AS histogram FROM performance_metrics
      WHERE ${dialect.isAnyOf('id', 'integer')}`,
    [dialect.keyList(ids)],
  );
}
