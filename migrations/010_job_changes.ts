import type { Knex } from 'knex';
import {
  createIndexes,
  dropIndexes,
  type Index,
  isSqlite,
  together,
} from '../src/db/migrationSteps.ts';

/** For Knex's command line: CREATE INDEX CONCURRENTLY can't run in a transaction. */
export const config = { transaction: false };

/** What changed of a user's jobs since a time. */
const indexes: readonly Index[] = [
  { name: 'idx_jobs_user_updated', table: 'jobs', on: 'user_id, updated_at, id' },
];

/** Not the lease: a heartbeat is no news for who waits for the job. */
const told = [
  ...['user_id', 'original_filename', 'model', 'status', 'updated_at', 'started_at', 'finished_at'],
  ...['processing_time_seconds', 'file_size_bytes', 'duration_seconds', 'priority', 'run_after'],
  ...['attempt', 'max_attempts', 'progress', 'error_code', 'error_message'],
];
const of = (alias: string): string => told.map((column) => `${alias}.${column}`).join(', ');

/** A notification is shorter than 8,000 bytes. Above so many jobs it says that any may have changed. */
const MAX_NAMED = 100;

const events = [
  { event: 'insert', tables: 'NEW TABLE AS changed', changed: 'changed' },
  {
    event: 'update',
    tables: 'NEW TABLE AS after OLD TABLE AS before',
    changed: `(SELECT after.id, after.user_id FROM after JOIN before USING (id)
                WHERE (${of('after')}) IS DISTINCT FROM (${of('before')})) AS changed`,
  },
  { event: 'delete', tables: 'OLD TABLE AS changed', changed: 'changed' },
];

/**
 * PostgreSQL notifies whoever listens of the jobs that a statement changed, when its transaction
 * commits, whoever sent it. SQLite can't; there a change shows in `PRAGMA data_version`.
 */
export async function up(db: Knex): Promise<void> {
  await createIndexes(db, indexes);
  if (isSqlite(db)) return;
  await together(db, async (transaction) => {
    for (const { event, tables, changed } of events) {
      await transaction.raw(`
        CREATE OR REPLACE FUNCTION notify_jobs_${event}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
          total integer;
          named text;
        BEGIN
          SELECT count(*), json_agg(json_build_array(id, user_id))::text INTO total, named
            FROM (SELECT id, user_id FROM ${changed} LIMIT ${MAX_NAMED + 1}) AS few;
          IF total > ${MAX_NAMED} OR octet_length(named) > 7999 THEN
            PERFORM pg_notify('job_changes', '');
          ELSIF total > 0 THEN
            PERFORM pg_notify('job_changes', named);
          END IF;
          RETURN NULL;
        END $$`);
      await transaction.raw(`DROP TRIGGER IF EXISTS notify_jobs_${event} ON jobs`);
      await transaction.raw(`
        CREATE TRIGGER notify_jobs_${event} AFTER ${event.toUpperCase()} ON jobs
          REFERENCING ${tables} FOR EACH STATEMENT EXECUTE FUNCTION notify_jobs_${event}()`);
    }
  });
}

export async function down(db: Knex): Promise<void> {
  if (!isSqlite(db)) {
    await together(db, async (transaction) => {
      for (const { event } of events) {
        await transaction.raw(`DROP TRIGGER IF EXISTS notify_jobs_${event} ON jobs`);
        await transaction.raw(`DROP FUNCTION IF EXISTS notify_jobs_${event}()`);
      }
    });
  }
  await dropIndexes(db, indexes);
}
