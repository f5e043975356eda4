import type { Knex } from 'knex';
import { columnTypes, together } from '../src/db/migrationSteps.ts';

/** The tables as the application had them: keys, and no index beside them. */
export async function up(db: Knex): Promise<void> {
  const { integerKey, key, time, real, boolean } = columnTypes(db);
  await together(db, async (transaction) => {
    await transaction.raw(`CREATE TABLE IF NOT EXISTS users (
      id ${integerKey},
      username ${key} NOT NULL UNIQUE,
      email ${key} NOT NULL UNIQUE,
      hashed_password text NOT NULL,
      role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
      must_change_password ${boolean} NOT NULL,
      created_at ${time} NOT NULL
    )`);
    await transaction.raw(`CREATE TABLE IF NOT EXISTS jobs (
      id ${key} PRIMARY KEY NOT NULL,
      user_id integer NOT NULL REFERENCES users (id),
      original_filename text NOT NULL,
      saved_filename text NOT NULL,
      model text NOT NULL,
      status text NOT NULL,
      created_at ${time} NOT NULL,
      updated_at ${time} NOT NULL,
      started_at ${time},
      finished_at ${time},
      transcript_path text,
      log_path text
    )`);
    await transaction.raw(`CREATE TABLE IF NOT EXISTS metadata (
      job_id ${key} PRIMARY KEY NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      tokens integer,
      duration ${real},
      abstract text,
      summary text,
      keywords text,
      language text,
      sample_rate integer,
      wpm ${real},
      sentiment ${real},
      generated_at ${time} NOT NULL
    )`);
    // The log outlives the users that it names, so it refers to none.
    await transaction.raw(`CREATE TABLE IF NOT EXISTS audit_logs (
      id ${integerKey},
      timestamp ${time} NOT NULL,
      event_type text NOT NULL,
      severity text NOT NULL,
      user_id integer,
      username text,
      client_ip text,
      user_agent text,
      endpoint text,
      method text,
      status_code integer,
      resource_type text,
      resource_id text,
      session_id text,
      details text
    )`);
    await transaction.raw(`CREATE TABLE IF NOT EXISTS config (
      key ${key} PRIMARY KEY NOT NULL,
      value text,
      updated_at ${time} NOT NULL
    )`);
    await transaction.raw(`CREATE TABLE IF NOT EXISTS user_settings (
      user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      key ${key} NOT NULL,
      value text,
      updated_at ${time} NOT NULL,
      PRIMARY KEY (user_id, key)
    )`);
  });
}

export async function down(db: Knex): Promise<void> {
  await together(db, async (transaction) => {
    for (const table of ['user_settings', 'config', 'audit_logs', 'metadata', 'jobs', 'users']) {
      await transaction.raw(`DROP TABLE IF EXISTS ${table}`);
    }
  });
}
