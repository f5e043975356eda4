import type { Knex } from 'knex';
import { columnTypes, together } from '../src/db/migrationSteps.ts';

/** Keys of workers: only their digest is stored. */
export async function up(db: Knex): Promise<void> {
  const { integerKey, key, time } = columnTypes(db);
  await together(db, async (transaction) => {
    await transaction.raw(`CREATE TABLE IF NOT EXISTS api_keys (
      id ${integerKey},
      name text NOT NULL,
      key_hash ${key} NOT NULL UNIQUE,
      created_by integer NOT NULL REFERENCES users (id),
      created_at ${time} NOT NULL,
      revoked_at ${time}
    )`);
  });
}

export async function down(db: Knex): Promise<void> {
  await db.raw('DROP TABLE IF EXISTS api_keys');
}
