import type { Knex } from 'knex';
import {
  columnTypes,
  createIndexes,
  dropIndexes,
  type Index,
  together,
} from '../src/db/migrationSteps.ts';

/** For Knex's command line: CREATE INDEX CONCURRENTLY can't run in a transaction. */
export const config = { transaction: false };

const indexes: readonly Index[] = [
  { name: 'idx_findings_first_seen', table: 'findings', on: 'first_seen, id' },
  {
    name: 'idx_findings_closes_at',
    table: 'findings',
    on: 'closes_at',
    where: 'closed_at IS NULL',
  },
  // One alert of a rule at a time, whichever process sees it.
  {
    name: 'idx_alerts_open',
    table: 'alerts',
    on: 'rule',
    unique: true,
    where: 'closed_at IS NULL',
  },
  { name: 'idx_alerts_opened_at', table: 'alerts', on: 'opened_at, id' },
  { name: 'idx_alerts_changed_at', table: 'alerts', on: 'changed_at' },
];

/** What the monitor found, what it raised the alarm for, and how often each process sent which statement. */
export async function up(db: Knex): Promise<void> {
  const { integerKey, key, time, real, boolean, json } = columnTypes(db);
  await together(db, async (transaction) => {
    await transaction.raw(`CREATE TABLE IF NOT EXISTS findings (
      id ${integerKey},
      key ${key} NOT NULL UNIQUE,
      kind text NOT NULL,
      level text NOT NULL,
      what text NOT NULL,
      trace_id text,
      statement text,
      remedy text NOT NULL,
      remedy_sql text,
      release text NOT NULL,
      first_seen ${time} NOT NULL,
      last_seen ${time} NOT NULL,
      closes_at ${time} NOT NULL,
      closed_at ${time},
      dismissed_at ${time},
      dismissed_by integer REFERENCES users (id)
    )`);
    await transaction.raw(`CREATE TABLE IF NOT EXISTS alerts (
      id ${integerKey},
      rule ${key} NOT NULL,
      level text NOT NULL,
      what text NOT NULL,
      value ${real} NOT NULL,
      threshold ${real} NOT NULL,
      unit text NOT NULL,
      trace_id text,
      release text NOT NULL,
      opened_at ${time} NOT NULL,
      last_over_at ${time} NOT NULL,
      changed_at ${time} NOT NULL,
      closed_at ${time},
      acknowledged_at ${time},
      acknowledged_by integer REFERENCES users (id)
    )`);
    await transaction.raw(`CREATE TABLE IF NOT EXISTS statement_ledgers (
      process_id ${key} PRIMARY KEY,
      tick integer NOT NULL,
      counts ${json} NOT NULL,
      is_closed ${boolean} NOT NULL,
      written_at ${time} NOT NULL
    )`);
  });
  await createIndexes(db, indexes);
}

export async function down(db: Knex): Promise<void> {
  await dropIndexes(db, indexes);
  await together(db, async (transaction) => {
    for (const table of ['findings', 'alerts', 'statement_ledgers']) {
      await transaction.raw(`DROP TABLE IF EXISTS ${table}`);
    }
  });
}
