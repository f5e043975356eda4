import type { Knex } from 'knex';
import { createIndexes, dropIndexes, type Index, isSqlite } from '../src/db/migrationSteps.ts';

/** For Knex's command line: CREATE INDEX CONCURRENTLY can't run in a transaction. */
export const config = { transaction: false };

/** Columns that a page is ordered by, with their nulls lowest: as `nullsLowest` writes them. */
function orderedColumns(db: Knex) {
  const noTime = isSqlite(db) ? "''" : "'-infinity'::timestamptz";
  return {
    created: 'created_at',
    finished: `coalesce(finished_at, ${noTime})`,
    lastLogin: `coalesce(last_login, ${noTime})`,
    duration: 'coalesce(duration_seconds, -1)',
    processing: 'coalesce(processing_time_seconds, -1)',
    size: 'coalesce(file_size_bytes, -1)',
  };
}

/** Each ends in the tie-breaking id, so that a page starts and stops in the index. */
export function indexes(db: Knex): Index[] {
  const { created, finished, lastLogin, duration, processing, size } = orderedColumns(db);
  const index = (table: string, name: string, on: string): Index => ({
    table,
    name: `idx_${name}`,
    on: `${on}, id`,
  });
  return [
    index('users', 'users_created_id', created),
    index('users', 'users_last_login_id', lastLogin),
    index('users', 'users_role_created_id', `role, ${created}`),
    index('users', 'users_active_created_id', `is_active, ${created}`),
    index('jobs', 'jobs_created_id', created),
    index('jobs', 'jobs_finished_id', finished),
    index('jobs', 'jobs_duration_id', duration),
    index('jobs', 'jobs_processing_time_id', processing),
    index('jobs', 'jobs_file_size_id', size),
    index('jobs', 'jobs_status_created_id', `status, ${created}`),
    index('jobs', 'jobs_model_created_id', `model, ${created}`),
    index('jobs', 'jobs_user_created_id', `user_id, ${created}`),
    index('jobs', 'jobs_user_finished_id', `user_id, ${finished}`),
    index('jobs', 'jobs_user_duration_id', `user_id, ${duration}`),
    index('jobs', 'jobs_user_processing_time_id', `user_id, ${processing}`),
    index('jobs', 'jobs_user_file_size_id', `user_id, ${size}`),
    index('jobs', 'jobs_user_status_created_id', `user_id, status, ${created}`),
    index('jobs', 'jobs_user_model_created_id', `user_id, model, ${created}`),
    index('audit_logs', 'audit_time_id', 'timestamp'),
    index('audit_logs', 'audit_endpoint_time_id', 'endpoint, timestamp'),
    index('audit_logs', 'audit_ip_time_id', 'client_ip, timestamp'),
    index('audit_logs', 'audit_event_time_id', 'event_type, timestamp'),
    index('audit_logs', 'audit_severity_time_id', 'severity, timestamp'),
    index('audit_logs', 'audit_user_time_id', 'user_id, timestamp'),
  ];
}

/**
 * PostgreSQL takes a user for an average one, with a few jobs, and would rather sort those than read
 * them in order and stop. So it is told to expect many: then a user with 100,000 jobs costs no more.
 */
const ownerColumns = ['jobs', 'audit_logs'];
const EXPECTED_OWNERS = 50;

async function expectOwners(db: Knex, setting: string): Promise<void> {
  if (isSqlite(db)) return;
  for (const table of ownerColumns) {
    await db.raw(`ALTER TABLE ${table} ALTER COLUMN user_id ${setting}`);
    await db.raw(`ANALYZE ${table}`);
  }
}

export async function up(db: Knex): Promise<void> {
  await createIndexes(db, indexes(db));
  await expectOwners(db, `SET (n_distinct = ${EXPECTED_OWNERS})`);
}

export async function down(db: Knex): Promise<void> {
  await expectOwners(db, 'RESET (n_distinct)');
  await dropIndexes(db, indexes(db));
}
