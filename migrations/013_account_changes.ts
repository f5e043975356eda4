import type { Knex } from 'knex';
import { isSqlite, together } from '../src/db/migrationSteps.ts';

/** For Knex's command line: each migration opens its own transactions. */
export const config = { transaction: false };

/** What decides who somebody is and what they may do; the time of a login does not. */
const decisive = 'username, email, hashed_password, role, must_change_password, is_active';

const events = [
  { name: 'users_update', when: `AFTER UPDATE OF ${decisive} ON users` },
  { name: 'users_delete', when: 'AFTER DELETE ON users' },
  { name: 'api_keys_update', when: 'AFTER UPDATE ON api_keys' },
  { name: 'api_keys_delete', when: 'AFTER DELETE ON api_keys' },
];

const trigger = (name: string): string => `tell_account_changes_${name}`;

/**
 * Tells every process that an account or a key changed, whoever changed it: SQLite counts such changes,
 * PostgreSQL notifies whoever listens.
 */
export async function up(db: Knex): Promise<void> {
  await together(db, async (transaction) => {
    if (isSqlite(db)) {
      await transaction.raw(`CREATE TABLE IF NOT EXISTS account_changes (
        id integer PRIMARY KEY CHECK (id = 1),
        total integer NOT NULL
      )`);
      await transaction.raw('INSERT OR IGNORE INTO account_changes (id, total) VALUES (1, 0)');
      for (const { name, when } of events) {
        await transaction.raw(
          `CREATE TRIGGER IF NOT EXISTS ${trigger(name)} ${when} BEGIN
             UPDATE account_changes SET total = total + 1;
           END`,
        );
      }
      return;
    }
    await transaction.raw(`
      CREATE OR REPLACE FUNCTION notify_account_changes() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NOTIFY account_changes;
        RETURN NULL;
      END $$`);
    for (const { name, when } of events) {
      await transaction.raw(
        `CREATE OR REPLACE TRIGGER ${trigger(name)} ${when}
           FOR EACH STATEMENT EXECUTE FUNCTION notify_account_changes()`,
      );
    }
  });
}

export async function down(db: Knex): Promise<void> {
  await together(db, async (transaction) => {
    for (const { name } of events) {
      const on = isSqlite(db) ? '' : ` ON ${name.startsWith('users') ? 'users' : 'api_keys'}`;
      await transaction.raw(`DROP TRIGGER IF EXISTS ${trigger(name)}${on}`);
    }
    await transaction.raw(
      isSqlite(db)
        ? 'DROP TABLE IF EXISTS account_changes'
        : 'DROP FUNCTION IF EXISTS notify_account_changes()',
    );
  });
}
