import type { Knex } from 'knex';
import type { MetricKind } from '../src/perf/interval.ts';
import { costliest, type Figures, findFigures, thoseOf } from './figures.ts';
import { totalTitles } from './summary.ts';
import type { Column } from './table.ts';
import type { Weeks } from './weeks.ts';
import { change, milliseconds, written } from './wording.ts';

/** How many of each are compared. */
const COMPARED = 20;

/** Something that was counted, and the same of the week before; null where it was not there. */
interface Trend {
  now: Figures;
  before: Figures | null;
}

export async function findTrends(db: Knex, kind: MetricKind, weeks: Weeks): Promise<Trend[]> {
  const now = await findFigures(db, kind, weeks.now, costliest(COMPARED));
  const before = await findFigures(db, kind, weeks.before, thoseOf(now));
  const byId = new Map(before.map((figures) => [figures.id, figures]));
  return now.map((figures) => ({ now: figures, before: byId.get(figures.id) ?? null }));
}

const compared = (
  title: string,
  value: (figures: Figures) => number,
  shown: (value: number) => string,
): Column<Trend>[] => [
  {
    title: `${title} before`,
    value: ({ before }) => (before ? shown(value(before)) : ''),
    isNumber: true,
  },
  { title: `${title} now`, value: ({ now }) => shown(value(now)), isNumber: true },
  {
    title: 'change',
    value: ({ before, now }) => change(before ? value(before) : 0, value(now)),
    isNumber: true,
  },
];

const figures: Column<Trend>[] = [
  ...compared('calls', ({ calls }) => calls, written),
  ...compared('p95', ({ p95Ms }) => p95Ms, milliseconds),
];

const name = ({ now }: Trend): string => now.name;

export const totalTrend: Column<Trend>[] = [
  { title: 'all', value: ({ now }) => totalTitles[now.name] ?? now.name },
  ...figures,
  ...compared('errors', ({ errors }) => errors, written),
];
export const operationTrend: Column<Trend>[] = [{ title: 'operation', value: name }, ...figures];
export const statementTrend: Column<Trend>[] = [
  { title: 'statement', value: name, isCode: true },
  ...figures,
];
