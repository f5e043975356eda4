import type { Knex } from 'knex';
import { isSqlite } from '../src/db/migrationSteps.ts';

/** For Knex's command line, as all migrations here. */
export const config = { transaction: false };

/**
 * How many values a column is to be taken to have. Statuses there are eleven, models about ten. Less than nought is a
 * share of the rows: a user has two hundred, or as many as the one with most.
 */
const distinctValues = [
  { table: 'jobs', column: 'status', count: 11 },
  { table: 'jobs', column: 'model', count: 10 },
  { table: 'jobs', column: 'user_id', count: -0.005 },
  { table: 'audit_logs', column: 'user_id', count: -0.005 },
];

/**
 * PostgreSQL plans once for all values, and for those that a sample shows. Where it has one status or model alone, any
 * looks as if it chose nothing: then an index without that column looks as good, and whoever asks for a rare one reads
 * all jobs of the user. Where most users have a few, it looks as good to read all that the user has and to sort it. It
 * heeds this from its next ANALYZE on.
 */
export async function up(db: Knex): Promise<void> {
  if (isSqlite(db)) return;
  for (const { table, column, count } of distinctValues) {
    await db.raw(`ALTER TABLE ${table} ALTER COLUMN ${column} SET (n_distinct = ${count})`);
  }
}

export async function down(db: Knex): Promise<void> {
  if (isSqlite(db)) return;
  for (const { table, column } of distinctValues) {
    await db.raw(`ALTER TABLE ${table} ALTER COLUMN ${column} RESET (n_distinct)`);
  }
}
