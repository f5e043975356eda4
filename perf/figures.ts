import type { Knex } from 'knex';
import {
  findMetricGroups,
  findMetricHistograms,
  findMetricIds,
  type MetricGrouping,
  type MetricGroupRow,
  type MetricRequest,
} from '../src/db/performanceMetrics.ts';
import { findPerformanceResetTime } from '../src/db/performanceReset.ts';
import { Aggregate, type Percentiles } from '../src/perf/aggregate.ts';
import type { MetricKind } from '../src/perf/interval.ts';

/** What began later than `after`, and not later than `until`. */
export interface Period {
  after: string;
  until?: string;
}

export interface Figures extends Percentiles {
  /** The same in every period. */
  id: string;
  name: string;
  client: string;
  calls: number;
  errors: number;
  rows: number;
  hits: number;
  totalMs: number;
  meanMs: number;
  maxMs: number;
}

/** Those whose percentiles are read: the histograms of all would be many. */
type Choose = (figures: readonly MetricGroupRow[]) => readonly MetricGroupRow[];

const HISTOGRAMS_AT_ONCE = 500;

const meanOf = ({ calls, total_thousandths }: MetricGroupRow): number =>
  calls === 0 ? 0 : total_thousandths / 1000 / calls;

const firstBy =
  (count: number, value: (figures: MetricGroupRow) => number): Choose =>
  (figures) =>
    figures.toSorted((one, other) => value(other) - value(one)).slice(0, count);

/** What took most time in all. */
export const costliest = (count: number): Choose =>
  firstBy(count, ({ total_thousandths }) => total_thousandths);
export const slowest = (count: number): Choose => firstBy(count, meanOf);
export const mostFrequent = (count: number): Choose => firstBy(count, ({ calls }) => calls);
export const thoseOf =
  (others: readonly Figures[]): Choose =>
  (figures) => {
    const ids = new Set(others.map(({ id }) => id));
    return figures.filter(({ group_id }) => ids.has(group_id));
  };

async function readPercentiles(
  db: Knex,
  request: MetricRequest,
  chosen: readonly MetricGroupRow[],
): Promise<Map<string, Percentiles>> {
  const sums = new Map(chosen.map(({ group_id }) => [group_id, new Aggregate()]));
  const found = await findMetricIds(db, request, [...sums.keys()]);
  for (const { group_id, ids } of found) {
    for (let start = 0; start < ids.length; start += HISTOGRAMS_AT_ONCE) {
      const some = ids.slice(start, start + HISTOGRAMS_AT_ONCE);
      for (const { histogram } of await findMetricHistograms(db, some)) {
        sums.get(group_id)?.addHistogram(JSON.parse(histogram));
      }
    }
  }
  return new Map([...sums].map(([id, sum]) => [id, sum.percentiles()]));
}

async function requestOf(
  db: Knex,
  kind: MetricKind,
  period: Period,
  grouping: MetricGrouping,
): Promise<MetricRequest> {
  const notBefore = (await findPerformanceResetTime(db)) ?? '';
  // Only a server counts what is not written yet.
  const unwritten = { sums: [], batches: [] };
  return { grouping, filter: { kind, ...period, notBefore }, unwritten };
}

/** The sums of all names of a kind, over all processes. */
export const findSums = async (
  db: Knex,
  kind: MetricKind,
  period: Period,
): Promise<MetricGroupRow[]> => findMetricGroups(db, await requestOf(db, kind, period, 'name'));

/** What all processes wrote of a period, of those that are chosen, in their order. */
export async function findFigures(
  db: Knex,
  kind: MetricKind,
  period: Period,
  choose: Choose,
  grouping: MetricGrouping = 'name',
): Promise<Figures[]> {
  const request = await requestOf(db, kind, period, grouping);
  const chosen = choose(await findMetricGroups(db, request));
  const percentiles = await readPercentiles(db, request, chosen);
  return chosen.map((row) => ({
    id: row.group_id,
    name: row.name,
    client: row.client,
    calls: row.calls,
    errors: row.errors,
    rows: row.row_count,
    hits: row.hits,
    totalMs: row.total_thousandths / 1000,
    meanMs: meanOf(row),
    maxMs: row.max_value,
    p50Ms: percentiles.get(row.group_id)?.p50Ms ?? 0,
    p95Ms: percentiles.get(row.group_id)?.p95Ms ?? 0,
    p99Ms: percentiles.get(row.group_id)?.p99Ms ?? 0,
  }));
}

const DAY_SECONDS = 86_400;

/** Since which day something of a kind was counted; null if nothing was. */
export async function findCountingStart(
  db: Knex,
  kind: MetricKind,
  period: Period,
): Promise<Date | null> {
  const request = await requestOf(db, kind, period, { stepSeconds: DAY_SECONDS });
  const days = (await findMetricGroups(db, request)).map(({ group_id }) => Number(group_id));
  return days.length === 0 ? null : new Date(Math.min(...days) * 1000);
}
