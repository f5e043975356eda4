import type { Knex } from 'knex';
import type { SizeRow, TableRow } from '../db/catalogue/catalogue.ts';
import { catalogueOf } from '../db/catalogue/catalogueOf.ts';
import {
  deleteTableSamples,
  findTableSamples,
  insertTableSamples,
  type TableSample,
} from '../db/tableSamples.ts';
import { readStored } from './readStored.ts';

export interface TableSize {
  tableBytes: number;
  indexBytes: number;
  toastBytes: number;
  totalBytes: number;
}

/** How a table grew, from the oldest sample of the last month on. */
export interface TableGrowth {
  since: string;
  bytes: number;
  bytesPerDay: number;
}

export interface TableReport extends TableRow, TableSize {
  /** Null where there is no sample that is a day old. */
  growth: TableGrowth | null;
}

const DAY_MS = 86_400_000;
/** Growth is told over so long. */
const GROWTH_DAYS = 30;
/** Samples are kept for so long: a year can be compared with the one before. */
const KEPT_DAYS = 400;
/** A sample a day, by whichever process comes first; a little less, so that none slips to the next. */
const SAMPLE_MS = 0.9 * DAY_MS;

const daysBefore = (now: Date, days: number): string =>
  new Date(now.getTime() - days * DAY_MS).toISOString();

const sum = (sizes: readonly SizeRow[], part: (size: SizeRow) => number): number =>
  sizes.reduce((total, size) => total + part(size), 0);

/** What a table takes, of the sizes of everything. */
function sizeOf(table: string, sizes: readonly SizeRow[]): TableSize {
  const own = sizes.filter((size) => size.table === table);
  const bytesOf = (kind: SizeRow['kind']): number =>
    sum(
      own.filter((size) => size.kind === kind),
      ({ bytes }) => bytes,
    );
  const parts = {
    tableBytes: bytesOf('table'),
    indexBytes: bytesOf('index'),
    toastBytes: sum(own, ({ toastBytes }) => toastBytes),
  };
  return { ...parts, totalBytes: parts.tableBytes + parts.indexBytes + parts.toastBytes };
}

function growthOf(
  totalBytes: number,
  oldest: TableSample | undefined,
  now: Date,
): TableGrowth | null {
  if (!oldest) return null;
  const days = (now.getTime() - Date.parse(oldest.at)) / DAY_MS;
  if (days < 1) return null;
  const bytes = totalBytes - oldest.bytes;
  return { since: oldest.at, bytes, bytesPerDay: bytes / days };
}

/** Every table with its size, its growth and how well the database knows it. */
export async function reportTables(db: Knex, now: Date): Promise<TableReport[]> {
  const catalogue = catalogueOf(db);
  const tables = await catalogue.findTables(db);
  const sizes = await catalogue.findSizes(db);
  const names = tables.map(({ name }) => name);
  const samples = await readStored(() => findTableSamples(db, names, daysBefore(now, GROWTH_DAYS)));
  return tables.map((table) => {
    const size = sizeOf(table.name, sizes);
    const oldest = samples.find((sample) => sample.table === table.name);
    return { ...table, ...size, growth: growthOf(size.totalBytes, oldest, now) };
  });
}

/** Keeps the sizes of today, where nobody did. To be called now and then; it does nothing in between. */
export async function sampleTables(db: Knex, now: Date): Promise<void> {
  const catalogue = catalogueOf(db);
  const tables = (await catalogue.findTables(db)).map(({ name }) => name);
  const recent = await findTableSamples(
    db,
    tables,
    new Date(now.getTime() - SAMPLE_MS).toISOString(),
  );
  if (recent.length > 0) return;
  const sizes = await catalogue.findSizes(db);
  const at = now.toISOString();
  await insertTableSamples(
    db,
    tables.map((table) => ({ table, bytes: sizeOf(table, sizes).totalBytes, at })),
  );
  await deleteTableSamples(db, tables, daysBefore(now, KEPT_DAYS));
}
