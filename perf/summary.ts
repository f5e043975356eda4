import type { Knex } from 'knex';
import { totalNames } from '../src/perf/interval.ts';
import { beginningOf } from '../src/perf/resolutions.ts';
import { type Command, oneOf, readArguments, windowNames } from './command.ts';
import * as columns from './figureColumns.ts';
import { costliest, type Figures, findFigures, type Period } from './figures.ts';
import { section } from './section.ts';
import type { Column } from './table.ts';
import { moment } from './wording.ts';

/** How many of each are shown. */
const SHOWN = 10;

/** What is counted as one, in the words of those who read it. */
export const totalTitles: Record<string, string> = {
  operation: 'requests',
  statement: 'SQL statements',
  slowStatement: 'slow statements',
};

/** There are few of these. */
export const findTotals = (db: Knex, period: Period): Promise<Figures[]> =>
  findFigures(db, 'total', period, costliest(totalNames.length));

const plain = (title: string, value: (figures: Figures) => number): Column<Figures> => ({
  title,
  value: (figures) => value(figures).toLocaleString('en', { maximumFractionDigits: 1 }),
  isNumber: true,
});

const timings = [columns.calls, columns.errors, columns.mean, columns.p95, columns.longest];

const totalColumns = [
  { title: 'all', value: ({ name }: Figures) => totalTitles[name] ?? name },
  columns.calls,
  columns.errors,
  columns.mean,
  columns.p50,
  columns.p95,
  columns.p99,
  columns.longest,
];

const loaderColumns = [
  columns.named('loader'),
  { ...columns.calls, title: 'batches' },
  { ...columns.rows, title: 'keys' },
  plain('keys a batch', ({ calls, rows }) => (calls === 0 ? 0 : rows / calls)),
  plain('cache hits', ({ hits }) => hits),
  columns.mean,
  columns.p95,
];

const gaugeColumns = [
  columns.named('gauge'),
  plain('mean', ({ meanMs }) => meanMs),
  plain('p95', ({ p95Ms }) => p95Ms),
  plain('highest', ({ maxMs }) => maxMs),
];

/** All that was counted in a window of time, what took most time in all first. */
export const summary: Command = {
  usage: `[--window ${windowNames.join('|')}]`,
  read(args) {
    const { values } = readArguments(args, { window: { type: 'string', default: 'day' } });
    const window = oneOf('window', values.window, windowNames);
    return async ({ db, now, width }) => {
      const period = { after: beginningOf(window, now) };
      const most = costliest(SHOWN);
      const operations = await findFigures(db, 'operation', period, most);
      const clients = await findFigures(db, 'operation', period, most, 'client');
      const statements = await findFigures(db, 'statement', period, most);
      const loaders = await findFigures(db, 'loader', period, most);
      const gauges = await findFigures(db, 'gauge', period, most);
      const client = { title: 'client', value: ({ client }: Figures) => client };
      return [
        `What was answered since ${moment(period.after)} UTC, by all processes.`,
        section('Totals', await findTotals(db, period), totalColumns, width),
        section(
          'Operations, by their time in all',
          operations,
          [columns.named('operation'), columns.total, ...timings],
          width,
        ),
        section('Clients', clients, [client, columns.total, ...timings], width),
        section(
          'SQL statements, by their time in all',
          statements,
          [columns.statement, columns.total, columns.rows, ...timings],
          width,
        ),
        section('Loaders', loaders, loaderColumns, width),
        section('Process and pool', gauges, gaugeColumns, width),
      ].join('\n\n');
    };
  },
};
