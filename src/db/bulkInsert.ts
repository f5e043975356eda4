import type { Knex } from 'knex';
import type { NewAuditLog } from './auditLogs.ts';
import { dialectOf, select } from './client.ts';
import type { JobRow } from './jobs.ts';
import type { MetadataRow } from './metadata.ts';
import { isSqlite } from './migrationSteps.ts';
import type { SegmentRow } from './segments.ts';
import type { UserRow } from './users.ts';

export type NewUser = Omit<UserRow, 'id'>;
export type NewSegment = Omit<SegmentRow, 'id'>;

/** A job with the columns that the API does not show. */
export interface NewJob extends JobRow {
  saved_filename: string;
  transcript_path: string | null;
  log_path: string | null;
  claimed_by: string | null;
  lease_expires_at: string | null;
}

interface NewRows {
  users: NewUser;
  jobs: NewJob;
  metadata: MetadataRow;
  segments: NewSegment;
  audit_logs: NewAuditLog;
}

/** One statement for any number of rows, which are one parameter, an array in JSON. */
function insertFromJson(db: Knex, table: string, columns: readonly string[]): string {
  const target = `INSERT INTO ${table} (${columns.join(', ')})`;
  if (!isSqlite(db)) {
    return `${target} SELECT ${columns.join(', ')} FROM json_populate_recordset(NULL::${table}, ?)`;
  }
  const values = columns.map((column) => `value ->> '${column}'`);
  return `${target} SELECT ${values.join(', ')} FROM jsonb_each(?)`;
}

async function insertAll<Table extends keyof NewRows>(
  db: Knex,
  table: Table,
  rows: readonly NewRows[Table][],
  conditions = '',
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const insert = insertFromJson(db, table, Object.keys(first));
  await db.raw(`${insert} ${conditions}`, [JSON.stringify(rows)]);
}

/**
 * Adds the users whose name and address are not taken. Gives the id of each name, also of those that
 * were there before: the administrator may be, since the service makes one when it first starts.
 */
export async function insertUsers(
  db: Knex,
  users: readonly NewUser[],
): Promise<Pick<UserRow, 'id' | 'username'>[]> {
  await insertAll(db, 'users', users, 'WHERE true ON CONFLICT DO NOTHING');
  const dialect = dialectOf(db);
  return db('users')
    .select('id', 'username')
    .whereRaw(dialect.isAnyOf('username', 'text'), [
      dialect.keyList(users.map(({ username }) => username)),
    ]);
}

export async function insertAuditLogs(db: Knex, entries: readonly NewAuditLog[]): Promise<void> {
  await insertAll(db, 'audit_logs', entries);
}

/** Jobs with all that belongs to them. */
export interface JobBatch {
  jobs: NewJob[];
  metadata: MetadataRow[];
  segments: NewSegment[];
  auditLogs: NewAuditLog[];
}

export async function insertJobs(db: Knex, batch: JobBatch): Promise<void> {
  await db.transaction(async (transaction) => {
    await insertAll(transaction, 'jobs', batch.jobs);
    await insertAll(transaction, 'metadata', batch.metadata);
    await insertAll(transaction, 'segments', batch.segments);
    await insertAll(transaction, 'audit_logs', batch.auditLogs);
  });
}

export async function anyJobExists(db: Knex): Promise<boolean> {
  return (await select(db, 'SELECT 1 FROM jobs LIMIT 1')).length > 0;
}
