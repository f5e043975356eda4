import type { Knex } from 'knex';
import { migrationDirectory } from './client.ts';
import { knownMigrations } from './migrate.ts';
import { createIndexSql, type Index } from './migrationSteps.ts';

/** What a migration may export of the indexes that it makes; a function where the databases differ. */
interface MigrationModule {
  indexes?: readonly Index[] | ((db: Knex) => readonly Index[]);
}

/** An index that the database has to have, and the statement that makes it. */
export interface RequiredIndex {
  name: string;
  table: string;
  sql: string;
}

/** Read from the migrations themselves, so that there is no second list to fall behind. */
export async function readRequiredIndexes(db: Knex): Promise<RequiredIndex[]> {
  const required: RequiredIndex[] = [];
  for (const file of await knownMigrations()) {
    // Our own files; what they export beside `up` and `down` is written there.
    const { indexes = [] } = (await import(migrationDirectory + file)) as MigrationModule;
    for (const index of typeof indexes === 'function' ? indexes(db) : indexes) {
      required.push({ name: index.name, table: index.table, sql: createIndexSql(db, index) });
    }
  }
  return required;
}
