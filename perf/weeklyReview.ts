import type { Knex } from 'knex';
import { findSlowestQueryPerformanceLogs } from '../src/db/queryPerformanceLogs.ts';
import type { MetricKind } from '../src/perf/interval.ts';
import { capacity } from './capacity.ts';
import type { Surroundings } from './command.ts';
import * as columns from './figureColumns.ts';
import { type Figures, findFigures, mostFrequent, slowest } from './figures.ts';
import {
  adviceColumns,
  indexColumns,
  readIndexes,
  remedies,
  type SizedIndexReport,
} from './indexes.ts';
import { slowColumns } from './slow.ts';
import { type Column, markdownTable } from './table.ts';
import { findTrends, operationTrend, statementTrend, totalTrend } from './trends.ts';
import { type Weeks, weeksBefore } from './weeks.ts';
import { bytes, moment } from './wording.ts';

/** How many of each are listed. */
const LISTED = 10;

const listed = <Row>(rows: readonly Row[], of: readonly Column<Row>[], none: string): string =>
  rows.length === 0 ? none : markdownTable(rows, of);

const NO_FIGURES = 'Nothing was counted.';

async function trends(db: Knex, weeks: Weeks): Promise<string[]> {
  const of = (kind: MetricKind) => findTrends(db, kind, weeks);
  return [
    '## Trends',
    'Against the week before, what took most time in all first.',
    listed(await of('total'), totalTrend, NO_FIGURES),
    '### Operations',
    listed(await of('operation'), operationTrend, NO_FIGURES),
    '### SQL statements',
    listed(await of('statement'), statementTrend, NO_FIGURES),
  ];
}

const timings = [columns.calls, columns.mean, columns.p95, columns.longest];
const operationColumns: Column<Figures>[] = [columns.named('operation'), ...timings];
const statementColumns: Column<Figures>[] = [columns.statement, columns.rows, ...timings];

async function slowestOf(db: Knex, { now: week }: Weeks): Promise<string[]> {
  const operations = await findFigures(db, 'operation', week, slowest(LISTED));
  const statements = await findFigures(db, 'statement', week, slowest(LISTED));
  const single = await findSlowestQueryPerformanceLogs(db, week.after, LISTED);
  return [
    '## Slowest',
    'By their mean time.',
    '### Slowest operations',
    listed(operations, operationColumns, NO_FIGURES),
    '### Slowest SQL statements',
    listed(statements, statementColumns, NO_FIGURES),
    '### Slowest single calls',
    listed(single, slowColumns, 'No statement was over the threshold.'),
  ];
}

async function mostFrequentOf(db: Knex, { now: week }: Weeks): Promise<string[]> {
  return [
    '## Most frequent',
    '### Most frequent operations',
    listed(
      await findFigures(db, 'operation', week, mostFrequent(LISTED)),
      operationColumns,
      NO_FIGURES,
    ),
    '### Most frequent SQL statements',
    listed(
      await findFigures(db, 'statement', week, mostFrequent(LISTED)),
      statementColumns,
      NO_FIGURES,
    ),
  ];
}

function unusedIndexes({ countedSince, indexes, advice }: SizedIndexReport): string[] {
  const unused = indexes.filter(({ scans }) => scans === 0);
  const size = unused.reduce((sum, index) => sum + index.bytes, 0);
  const sql = remedies(advice);
  return [
    '## Unused indexes',
    `${unused.length} of ${indexes.length} indexes, ${bytes(size)} in all, were not used since ${moment(countedSince)} UTC. Those that hold a key or that the schema wants stay; the advice has what could go.`,
    listed(unused, indexColumns, 'None.'),
    '### Advice on indexes',
    listed(advice, adviceColumns, 'None.'),
    ...(sql.length === 0
      ? []
      : [`To paste, after a look:\n\n\`\`\`sql\n${sql.join('\n')}\n\`\`\``]),
  ];
}

/** The week until now against the one before, as Markdown. */
export async function weeklyReview(surroundings: Surroundings): Promise<string> {
  const { db, now } = surroundings;
  const weeks = weeksBefore(now);
  const report = await readIndexes(surroundings);
  const sections = [
    `# Performance of the week to ${now.toISOString().slice(0, 10)}`,
    `This week is ${weeks.nowTitle}; the week before is ${weeks.beforeTitle}, to the same hour. Times are UTC.`,
    ...(await trends(db, weeks)),
    ...(await slowestOf(db, weeks)),
    ...(await mostFrequentOf(db, weeks)),
    ...unusedIndexes(report),
    ...(await capacity(surroundings, report)),
  ];
  return `${sections.join('\n\n')}\n`;
}
