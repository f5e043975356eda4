import type { Knex } from 'knex';
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

/** The columns that begin somewhere in a row, by their names. */
function slice(values: readonly unknown[], names: readonly string[], start: number) {
  const row: Record<string, unknown> = {};
  for (let index = 0; index < names.length; index += 1) {
    // There are as many as were selected.
    row[names[index] as string] = values[start + index];
  }
  return row;
}

/** The rows of a statement that selects the columns of jobs, and then what `selectBeside` does. */
export function readJobs(
  db: Knex,
  statement: SentText,
  { columns, user, metadata }: JobSelection,
): ReadJob[] | Promise<ReadJob[]> {
  if (!user && !metadata) return rowsOf<ReadJob>(db, statement);
  const metadataStart = columns.length + (user?.length ?? 0);
  const joined = (values: readonly unknown[], names: readonly string[], start: number) =>
    // Its first column is its key, so where that is null there is no row.
    values[start] === null ? null : slice(values, names, start);
  return whenThere(valuesOf(db, statement), (rows) =>
    rows.map((values) => {
      const job = slice(values, columns, 0);
      if (user) job.user = joined(values, user, columns.length);
      if (metadata) job.metadata = joined(values, metadata, metadataStart);
      // It has the columns that were selected.
      return job as unknown as ReadJob;
    }),
  );
}
