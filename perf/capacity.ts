import { reportTables, type TableReport } from '../src/administration/tableReport.ts';
import { catalogueOf } from '../src/db/catalogue/catalogueOf.ts';
import type { Surroundings } from './command.ts';
import { indexColumns, type SizedIndexReport } from './indexes.ts';
import { type Column, markdownTable } from './table.ts';
import { bytes, written } from './wording.ts';

/** The largest indexes that are listed. */
const LISTED = 10;

/** What a table gains a day, by the bytes that a row has in it. */
function rowsPerDay({ rows, totalBytes, growth }: TableReport): string {
  if (!growth || !rows || totalBytes === 0) return '';
  return written(growth.bytesPerDay / (totalBytes / rows));
}

const number = (title: string, value: (table: TableReport) => string): Column<TableReport> => ({
  title,
  value,
  isNumber: true,
});

const tableColumns: Column<TableReport>[] = [
  { title: 'table', value: ({ name }) => name },
  number('rows', ({ rows }) => (rows === null ? '' : written(rows))),
  number('rows a day', rowsPerDay),
  number('data', ({ tableBytes, toastBytes }) => bytes(tableBytes + toastBytes)),
  number('indexes', ({ indexBytes }) => bytes(indexBytes)),
  number('in all', ({ totalBytes }) => bytes(totalBytes)),
  number('growth a day', ({ growth }) => (growth ? bytes(growth.bytesPerDay) : '')),
  number('dead rows', ({ deadRows }) => (deadRows === null ? '' : written(deadRows))),
];

/** How much there is, and how fast it grows. */
export async function capacity(
  { db, now }: Surroundings,
  { indexes }: SizedIndexReport,
): Promise<string[]> {
  const tables = await reportTables(db, now);
  const largest = tables.toSorted((one, other) => other.totalBytes - one.totalBytes);
  const { databaseBytes } = await catalogueOf(db).findDatabaseFacts(db);
  const growth = tables.reduce((sum, table) => sum + (table.growth?.bytesPerDay ?? 0), 0);
  return [
    '## Capacity',
    `The database has ${bytes(databaseBytes)}; its tables grow by ${bytes(growth)} a day, by the sizes of the last month. Rows a day are told from that growth, so they are estimates; nothing is told of a table without a size that is a day old.`,
    markdownTable(largest, tableColumns),
    '### Largest indexes',
    markdownTable(indexes.slice(0, LISTED), indexColumns),
  ];
}
