import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { sqlite } from './sqlite.ts';

/**
 * Runs what a crash may undo, for whoever finds it again does it again: to commit it, PostgreSQL does not wait
 * for the disk. SQLite never does, but where its log begins anew.
 */
export async function commitLazily<Result>(
  db: Knex,
  run: (db: Knex) => Promise<Result>,
): Promise<Result> {
  if (dialectOf(db) === sqlite) return run(db);
  return db.transaction(async (transaction) => {
    await transaction.raw('SET LOCAL synchronous_commit = off');
    return run(transaction);
  });
}
