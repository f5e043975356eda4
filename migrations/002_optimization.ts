import type { Knex } from 'knex';
import {
  addColumn,
  columnTypes,
  createIndexes,
  dropColumn,
  dropIndexes,
  type Index,
  together,
} from '../src/db/migrationSteps.ts';

/** For Knex's command line: CREATE INDEX CONCURRENTLY can't run in a transaction. */
export const config = { transaction: false };

const index = (table: string, name: string, on: string): Index => ({ table, name, on });

export const indexes: readonly Index[] = [
  index('users', 'idx_users_username', 'username'),
  index('users', 'idx_users_role', 'role'),
  index('users', 'idx_users_active', 'is_active'),
  index('users', 'idx_users_created_at', 'created_at'),
  index('users', 'idx_users_last_login', 'last_login'),
  index('users', 'idx_users_role_active', 'role, is_active'),
  index('users', 'idx_users_active_created', 'is_active, created_at'),
  index('jobs', 'idx_jobs_status', 'status'),
  index('jobs', 'idx_jobs_created_at', 'created_at'),
  index('jobs', 'idx_jobs_user_id', 'user_id'),
  index('jobs', 'idx_jobs_model', 'model'),
  index('jobs', 'idx_jobs_processing_time', 'processing_time_seconds'),
  index('jobs', 'idx_jobs_file_size', 'file_size_bytes'),
  index('jobs', 'idx_jobs_duration', 'duration_seconds'),
  index('jobs', 'idx_jobs_user_status_created', 'user_id, status, created_at'),
  index('jobs', 'idx_jobs_status_model_created', 'status, model, created_at'),
  index('jobs', 'idx_jobs_created_status_model', 'created_at, status, model'),
  index('metadata', 'idx_metadata_language', 'language'),
  index('metadata', 'idx_metadata_generated_at', 'generated_at'),
  index('metadata', 'idx_metadata_duration', 'duration'),
  index('metadata', 'idx_metadata_tokens', 'tokens'),
  index('metadata', 'idx_metadata_lang_duration', 'language, duration'),
  index('metadata', 'idx_metadata_lang_tokens', 'language, tokens'),
  index('metadata', 'idx_metadata_generated_lang', 'generated_at, language'),
  index('audit_logs', 'idx_audit_endpoint_time', 'endpoint, timestamp'),
  index('audit_logs', 'idx_audit_ip_event_time', 'client_ip, event_type, timestamp'),
  index('audit_logs', 'idx_audit_user_event_time', 'user_id, event_type, timestamp'),
  index('audit_logs', 'idx_audit_severity_event_time', 'severity, event_type, timestamp'),
  index('query_performance_logs', 'idx_query_performance_logs_time', 'timestamp'),
];

/** A later migration drops it: it is not required. */
const dropped = [
  index('performance_metrics', 'idx_performance_metrics_name_time', 'metric_name, timestamp'),
];

/** What is tracked, the indexes that the queries need, and the tables of the monitor. */
export async function up(db: Knex): Promise<void> {
  const { integerKey, time, real, bigInteger, boolean, json } = columnTypes(db);
  const yes = boolean === 'boolean' ? 'true' : '1';
  await together(db, async (transaction) => {
    await addColumn(transaction, 'users', 'last_login', time);
    await addColumn(transaction, 'users', 'is_active', `${boolean} NOT NULL DEFAULT ${yes}`);
    await addColumn(transaction, 'jobs', 'processing_time_seconds', real);
    await addColumn(transaction, 'jobs', 'file_size_bytes', bigInteger);
    await addColumn(transaction, 'jobs', 'duration_seconds', real);
    await transaction.raw(`CREATE TABLE IF NOT EXISTS performance_metrics (
      id ${integerKey},
      timestamp ${time} NOT NULL,
      metric_type text NOT NULL,
      metric_name text NOT NULL,
      value ${real} NOT NULL,
      unit text,
      tags ${json}
    )`);
    await transaction.raw(`CREATE TABLE IF NOT EXISTS query_performance_logs (
      id ${integerKey},
      timestamp ${time} NOT NULL,
      query_type text NOT NULL,
      execution_time_ms ${real} NOT NULL,
      query_text text NOT NULL,
      table_name text,
      user_id integer,
      endpoint text,
      row_count integer
    )`);
  });
  await createIndexes(db, [...indexes, ...dropped]);
}

export async function down(db: Knex): Promise<void> {
  await dropIndexes(db, [...indexes, ...dropped]);
  await together(db, async (transaction) => {
    await transaction.raw('DROP TABLE IF EXISTS query_performance_logs');
    await transaction.raw('DROP TABLE IF EXISTS performance_metrics');
    for (const column of ['processing_time_seconds', 'file_size_bytes', 'duration_seconds']) {
      await dropColumn(transaction, 'jobs', column);
    }
    for (const column of ['last_login', 'is_active']) {
      await dropColumn(transaction, 'users', column);
    }
  });
}
