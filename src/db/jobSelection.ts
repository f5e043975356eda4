import type { Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import { dialectOf } from './client.ts';
import { rowsOf, valuesOf } from './compiled.ts';
import type { JobRow } from './jobs.ts';
import type { MetadataRow } from './metadata.ts';
import type { SentText } from './sendAsWritten.ts';
import type { ShownUser } from './users.ts';
import { whenThere } from './whenThere.ts';

/** A job, with what was read along with it: undefined where that was not asked for. */
export interface ReadJob extends JobRow {
  user?: ShownUser | null;
  metadata?: MetadataRow | null;
}

/**
 * What is read of jobs: some of their columns, and of the row in another table that belongs to each. What
 * is not selected is missing in the rows, though their type has it.
 */
export interface JobSelection {
  columns: readonly (keyof JobRow)[];
  /** Null where the user is not read along; otherwise the first is the id. */
  user: readonly (keyof ShownUser)[] | null;
  /** Null where they are not read along; otherwise the first is the id of the job. */
  metadata: readonly (keyof MetadataRow)[] | null;
  /** Tells selections apart. */
  key: string;
}

export const jobSelection = (selected: Omit<JobSelection, 'key'>): JobSelection => ({
  ...selected,
  key: `${selected.columns} ${selected.user} ${selected.metadata}`,
});

/** The same with a column that the statement itself needs. */
export const including = (selection: JobSelection, column: keyof JobRow): JobSelection =>
  selection.columns.includes(column)
    ? selection
    : jobSelection({ ...selection, columns: [...selection.columns, column] });

/** Adds what is read along with the jobs of a query, which have this name there. */
export function selectBeside(
  db: Knex,
  query: Knex.QueryBuilder,
  { user, metadata }: JobSelection,
  jobs: string,
): Knex.QueryBuilder {
  const { joinOne } = dialectOf(db);
  const join = (table: string, name: string, joined: readonly string[], key: string): void => {
    query
      .select(joined.map((column) => db.raw(`${table}.${column} AS "${name}.${column}"`)))
      .joinRaw(joinOne({ table, columns: joined, keyColumn: String(joined[0]), key }));
  };
  if (user) join('users', 'user', user, `${jobs}.user_id`);
  if (metadata) join('metadata', 'metadata', metadata, `${jobs}.id`);
  return query;
}

/** A query of jobs, and of what is read along with them. */
export const selectJobs = (db: Knex, selection: JobSelection): Knex.QueryBuilder =>
  selectBeside(
    db,
    db('jobs').select(selection.columns.map((column) => `jobs.${column}`)),
    selection,
    'jobs',
  );

/** A row as the driver gives it: its values in the order of the columns. */
type Values = readonly unknown[];

/** As many as there are texts to read by, at the most. */
const readers = new LRUCache<string, (values: Values) => ReadJob>({ max: 1000 });

/** The code of an object with these columns, whose values begin somewhere in a row. */
const literal = (columns: readonly string[], start: number): string =>
  columns.map((column, index) => `${column}: values[${start + index}],`).join(' ');

/**
 * Makes jobs of rows. Written as code, as the driver does for whole rows: to set one property after the
 * other by its name takes 4 µs for a page of 20, and this 0.4. Columns are named by us alone.
 */
function readerOf(selection: JobSelection): (values: Values) => ReadJob {
  const { columns, user, metadata } = selection;
  const userStart = columns.length;
  const metadataStart = userStart + (user?.length ?? 0);
  // Its first column is its key, so where that is null there is no row.
  const joined = (name: string, along: readonly string[] | null, start: number): string =>
    along ? `${name}: values[${start}] === null ? null : { ${literal(along, start)} },` : '';
  const reader = new Function(
    'values',
    `return { ${literal(columns, 0)} ${joined('user', user, userStart)} ${joined('metadata', metadata, metadataStart)} };`,
    // It has the columns that were selected.
  ) as (values: Values) => ReadJob;
  readers.set(selection.key, reader);
  return reader;
}

/** The rows of a statement that selects the columns of jobs, and then what `selectBeside` does. */
export function readJobs(
  db: Knex,
  statement: SentText,
  selection: JobSelection,
): ReadJob[] | Promise<ReadJob[]> {
  if (!selection.user && !selection.metadata) return rowsOf<ReadJob>(db, statement);
  const read = readers.get(selection.key) ?? readerOf(selection);
  return whenThere(valuesOf(db, statement), (rows) => rows.map(read));
}
