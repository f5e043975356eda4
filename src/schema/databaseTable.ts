import type { TableGrowth, TableReport } from '../administration/tableReport.ts';
import { rowCountSources } from '../db/catalogue/catalogue.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';
import { Performance } from './performance.ts';

const RowCountSource = builder.enumType('RowCountSource', {
  description: 'How the number of rows is known, since nobody counts them to tell.',
  values: enumValues(rowCountSources, {
    analyze: 'Estimated by the last ANALYZE; nothing changed since, or nothing else is known.',
    counted_changes: 'What came and went was counted since the last ANALYZE.',
    largest_key: 'The largest row number: there may be fewer rows, not more.',
    unknown: 'It is not.',
  }),
});

const TableGrowthType = builder.objectRef<TableGrowth>('TableGrowth').implement({
  description: 'How a table grew, indexes included.',
  fields: (t) => ({
    since: t.expose('since', {
      type: 'DateTime',
      description: 'What it is compared with: the oldest sample of the last 30 days.',
    }),
    bytes: t.expose('bytes', {
      type: 'SafeInt',
      description: 'By how many bytes; negative where it shrank.',
    }),
    bytesPerDay: t.exposeFloat('bytesPerDay', { description: 'The same a day, in bytes.' }),
  }),
});

const DatabaseTable = builder.objectRef<TableReport>('DatabaseTable').implement({
  description: 'A table: how large it is, and how well the database knows it.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    rows: t.expose('rows', {
      type: 'SafeInt',
      nullable: true,
      description: 'About how many rows it has.',
    }),
    rowsKnownBy: t.expose('rowsKnownBy', {
      type: RowCountSource,
      description: 'How that is known.',
    }),
    analyzedRows: t.expose('analyzedRows', {
      type: 'SafeInt',
      nullable: true,
      description: 'How many the planner believes in, from the last ANALYZE; null without one.',
    }),
    tableBytes: t.expose('tableBytes', {
      type: 'SafeInt',
      description: 'The rows themselves on disk, in bytes.',
    }),
    indexBytes: t.expose('indexBytes', {
      type: 'SafeInt',
      description: 'All its indexes, in bytes.',
    }),
    toastBytes: t.expose('toastBytes', {
      type: 'SafeInt',
      description: 'Long values that PostgreSQL keeps beside the rows, in bytes; 0 on SQLite.',
    }),
    totalBytes: t.expose('totalBytes', {
      type: 'SafeInt',
      description: 'All of it, in bytes.',
    }),
    growth: t.expose('growth', {
      type: TableGrowthType,
      nullable: true,
      description: 'How it grew; null where no sample is a day old yet.',
    }),
    deadRows: t.expose('deadRows', {
      type: 'SafeInt',
      nullable: true,
      description: 'Versions of rows that nobody sees any more; null on SQLite, which keeps none.',
    }),
    rowsChangedSinceAnalyze: t.expose('changedSinceAnalyze', {
      type: 'SafeInt',
      nullable: true,
      description: 'Rows that came, went or changed since the last ANALYZE; null on SQLite.',
    }),
    lastVacuumAt: t.expose('lastVacuumAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The last VACUUM, by whomever; null where there was none, and on SQLite.',
    }),
    lastAnalyzeAt: t.expose('lastAnalyzeAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'The last ANALYZE, by whomever; null where there was none, and on SQLite, which does not note it.',
    }),
  }),
});

builder.objectField(Performance, 'tables', (t) =>
  t.field({
    type: [DatabaseTable],
    description: 'Every table with its size and growth.',
    resolve: (_performance, _args, { databaseReports }) => databaseReports.tables(),
  }),
);
