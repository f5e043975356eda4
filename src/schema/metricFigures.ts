import { setImmediate as nextTurn } from 'node:timers/promises';
import { readStored } from '../administration/readStored.ts';
import type { Page, PageRequest } from '../db/keyset.ts';
import { emptyPage } from '../db/keyset.ts';
import {
  countMetricGroups,
  findMetricGroups,
  findMetricHistograms,
  findMetricIds,
  findMetricPage,
  groupOfRow,
  type MetricFilter,
  type MetricGrouping,
  type MetricGroupRow,
  type MetricRequest,
} from '../db/performanceMetrics.ts';
import { Aggregate, type Percentiles } from '../perf/aggregate.ts';
import type { Unwritten } from '../perf/history.ts';
import type { MetricKind } from '../perf/interval.ts';
import type { Context } from './context.ts';
import type { TimedFigures } from './timings.ts';

/** The figures of a name, a client or a step of time, over all processes. */
export interface MetricFigures extends TimedFigures, MetricGroupRow {}

/** Histograms that are read by one statement. */
const HISTOGRAMS_AT_ONCE = 200;

/** Histograms that are added up in one turn of the event loop: about half a millisecond. */
const HISTOGRAMS_A_TURN = 10;

const nothing: Percentiles = { p50Ms: 0, p95Ms: 0, p99Ms: 0 };

/** What is asked, and what only this process knows of it: the same for the sums and for the percentiles. */
interface Question {
  request: MetricRequest & { unwritten: Unwritten };
  /** Nothing is read where an operation is only explained: it is no statement of the operation. */
  isRehearsal: boolean;
}

export type AskedFilter = Omit<MetricFilter, 'kind' | 'notBefore'> & { kind: MetricKind };

export function questionOf(
  { history, isRehearsal }: Context,
  grouping: MetricGrouping,
  asked: AskedFilter,
): Question {
  const filter = { ...asked, notBefore: history.resetTime };
  const unwritten = history.unwritten(
    asked.kind,
    (row) =>
      row.timestamp > filter.after &&
      row.timestamp >= filter.notBefore &&
      (filter.until === undefined || row.timestamp <= filter.until) &&
      (filter.operation == null || row.operation === filter.operation) &&
      (filter.client == null || row.client === filter.client) &&
      (filter.name === undefined || [row.metric_name, row.name_hash].includes(filter.name)),
  );
  return { request: { grouping, filter, unwritten }, isRehearsal };
}

/** Adds up histograms that are stored, each to the sum of its row. */
async function addStored(
  { background }: Context,
  sumOf: ReadonlyMap<number, Aggregate | undefined>,
): Promise<void> {
  const ids = [...sumOf.keys()];
  for (let start = 0; start < ids.length; start += HISTOGRAMS_AT_ONCE) {
    const some = ids.slice(start, start + HISTOGRAMS_AT_ONCE);
    const found = await findMetricHistograms(background, some);
    for (const [index, { id, histogram }] of found.entries()) {
      sumOf.get(id)?.addHistogram(JSON.parse(histogram));
      if (index % HISTOGRAMS_A_TURN === 0) await nextTurn();
    }
  }
}

async function percentilesOf(
  context: Context,
  { request }: Question,
  groups: readonly string[],
): Promise<Map<string, Percentiles>> {
  const sums = new Map(groups.map((group) => [group, new Aggregate()]));
  await readStored(async () => {
    const rows = await findMetricIds(context.background, request, groups);
    const sumOf = new Map(
      rows.flatMap(({ group_id, ids }) => ids.map((id) => [id, sums.get(group_id)] as const)),
    );
    await addStored(context, sumOf);
  });
  request.unwritten.addHistograms((row) => sums.get(groupOfRow(row, request.grouping)));
  return new Map([...sums].map(([group, sum]) => [group, sum.percentiles()]));
}

/** The percentiles of all rows are read together, when the first of them is asked for. */
function withPercentiles(
  context: Context,
  question: Question,
  rows: readonly MetricGroupRow[],
): MetricFigures[] {
  let found: Promise<Map<string, Percentiles>> | null = null;
  const find = () => {
    found ??= percentilesOf(
      context,
      question,
      rows.map(({ group_id }) => group_id),
    );
    return found;
  };
  return rows.map((row) => ({
    ...row,
    totalMs: row.total_thousandths / 1000,
    maxMs: row.max_value,
    percentiles: async () => (await find()).get(row.group_id) ?? nothing,
  }));
}

export async function findFiguresPage(
  context: Context,
  question: Question,
  page: PageRequest<MetricGroupRow>,
): Promise<Page<MetricFigures>> {
  if (question.isRehearsal) return emptyPage();
  const { rows, ...rest } = await readStored(() =>
    findMetricPage(context.background, question.request, page),
  );
  return { ...rest, rows: withPercentiles(context, question, rows) };
}

export async function countFigures(
  { background }: Context,
  { request, isRehearsal }: Question,
): Promise<number> {
  return isRehearsal ? 0 : readStored(() => countMetricGroups(background, request));
}

/** All groups, where they are few. */
export async function findFigures(context: Context, question: Question): Promise<MetricFigures[]> {
  if (question.isRehearsal) return [];
  const rows = await readStored(() => findMetricGroups(context.background, question.request));
  return withPercentiles(context, question, rows);
}
