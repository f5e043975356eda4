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

/** What the databases do differently where rows come by the thousand. */
interface BulkDialect {
  /** Until `restore` is called, new jobs and metadata don't reach the search. */
  setSearchAside(transaction: Knex.Transaction): Promise<{ restore(): Promise<void> }>;
  /** Statements that make the search find the jobs whose ids each of them binds. */
  addToSearch: readonly string[];
  /** Statements that tell the planner what the tables have in them now. */
  analyze: readonly string[];
}

const searchTriggers = { jobs: 'jobs_search', metadata: 'metadata_search' };

const sqliteBulk: BulkDialect = {
  async setSearchAside(transaction) {
    const names = Object.values(searchTriggers).map((name) => `'${name}_insert'`);
    const triggers = await select<{ name: string; sql: string }>(
      transaction,
      `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name IN (${names.join(', ')})`,
    );
    for (const { name } of triggers) await transaction.raw(`DROP TRIGGER ${name}`);
    return {
      async restore() {
        for (const { sql } of triggers) await transaction.raw(sql);
      },
    };
  },
  // The key brings the job into the search.
  addToSearch: ['INSERT INTO job_search_keys (job_id) SELECT value FROM json_each(?)'],
  analyze: ['ANALYZE'],
};

const postgresBulk: BulkDialect = {
  async setSearchAside(transaction) {
    const each = async (action: 'DISABLE' | 'ENABLE'): Promise<void> => {
      for (const [table, trigger] of Object.entries(searchTriggers)) {
        await transaction.raw(`ALTER TABLE ${table} ${action} TRIGGER ${trigger}`);
      }
    };
    await each('DISABLE');
    return { restore: () => each('ENABLE') };
  },
  addToSearch: [
    // The same document as the triggers' from one text: four of them, each with its own, take longer.
    String.raw`INSERT INTO job_search (job_id, document)
       SELECT j.id, to_tsvector('simple', regexp_replace(
                concat_ws(' ', j.original_filename, m.abstract, m.summary, m.keywords),
                '[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]+', ' ', 'g'))
         FROM jobs j LEFT JOIN metadata m ON m.job_id = j.id WHERE j.id = ANY(?::text[])`,
  ],
  // VACUUM too: until it has run, no index alone answers, and the search reads a list of what is new.
  analyze: ['VACUUM (ANALYZE) users, jobs, metadata, segments, audit_logs, job_search'],
};

const bulkDialectOf = (db: Knex): BulkDialect => (isSqlite(db) ? sqliteBulk : postgresBulk);

/** The statement that adds rows which are bound as one parameter, an array in JSON. */
export function insertFromJson(db: Knex, table: string, columns: readonly string[]): string {
  const source = dialectOf(db).rowsFromJson(table, columns);
  return `INSERT INTO ${table} (${columns.join(', ')}) ${source}`;
}

async function insertAll<Table extends keyof NewRows>(
  db: Knex,
  table: Table,
  rows: readonly NewRows[Table][],
  clauses = '',
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const columns = Object.keys(first);
  await db.raw(`${insertFromJson(db, table, columns)} ${clauses}`, [JSON.stringify(rows)]);
}

/**
 * Adds the users whose name and address are not taken. Gives the id of each name, also of those that
 * were there before: the administrator may be, since the service makes one when it first starts.
 */
export async function insertUsers(
  db: Knex,
  users: readonly NewUser[],
): Promise<Pick<UserRow, 'id' | 'username'>[]> {
  // WHERE tells SQLite that ON CONFLICT does not belong to a join.
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

async function addToSearch(db: Knex, jobs: readonly NewJob[]): Promise<void> {
  const ids = dialectOf(db).keyList(jobs.map(({ id }) => id));
  for (const statement of bulkDialectOf(db).addToSearch) await db.raw(statement, [ids]);
}

/**
 * Adds all or nothing. The search gets each job once, with its metadata: the triggers would write it
 * when the job comes and again when the metadata does, a row at a time.
 */
export async function insertJobs(db: Knex, batch: JobBatch): Promise<void> {
  await db.transaction(async (transaction) => {
    const search = await bulkDialectOf(db).setSearchAside(transaction);
    await insertAll(transaction, 'jobs', batch.jobs);
    await insertAll(transaction, 'metadata', batch.metadata);
    await search.restore();
    await addToSearch(transaction, batch.jobs);
    await insertAll(transaction, 'segments', batch.segments);
    await insertAll(transaction, 'audit_logs', batch.auditLogs);
  });
}

export async function anyJobExists(db: Knex): Promise<boolean> {
  return (await select(db, 'SELECT 1 FROM jobs LIMIT 1')).length > 0;
}

/** After many rows came at once. */
export async function analyze(db: Knex): Promise<void> {
  for (const statement of bulkDialectOf(db).analyze) await db.raw(statement);
}
