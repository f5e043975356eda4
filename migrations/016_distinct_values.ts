import type { Knex } from 'knex';
import { isSqlite } from '../src/db/migrationSteps.ts';

/** For Knex's command line, as all migrations here. */
export const config = { transaction: false };

/** How many values a column of jobs is to be taken to have: statuses there are eleven, models about ten. */
const distinctValues = { status: 11, model: 10 };

/**
 * PostgreSQL plans once for all values, and where a sample of jobs has one status or model alone, any value looks as
 * if it chose nothing: then an index without that column looks as good, and whoever asks for a rare one reads all
 * jobs of the user. It heeds this from its next ANALYZE on.
 */
export async function up(db: Knex): Promise<void> {
  if (isSqlite(db)) return;
  for (const [column, count] of Object.entries(distinctValues)) {
    await db.raw(`ALTER TABLE jobs ALTER COLUMN ${column} SET (n_distinct = ${count})`);
  }
}

export async function down(db: Knex): Promise<void> {
  if (isSqlite(db)) return;
  for (const column of Object.keys(distinctValues)) {
    await db.raw(`ALTER TABLE jobs ALTER COLUMN ${column} RESET (n_distinct)`);
  }
}
