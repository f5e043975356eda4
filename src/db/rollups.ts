import type { Knex } from 'knex';
import { select } from './client.ts';
import { isSqlite } from './migrationSteps.ts';

/** Tables whose rows are counted, and where. What is counted by what, migrations/014_rollups.ts says. */
export const rollupsOf = {
  jobs: ['job_rollups', 'job_activity'],
  metadata: ['metadata_rollups'],
} as const;

type CountedTable = keyof typeof rollupsOf;

// Object.keys forgets which keys there are.
export const countedTables = Object.keys(rollupsOf) as CountedTable[];

/** Each is some ten upserts, and nobody else writes meanwhile. */
const SQLITE_STEP = 100;

async function foldStep(db: Knex, table: CountedTable): Promise<number> {
  if (!isSqlite(db)) {
    const [row] = await select<{ folded: number }>(db, `SELECT fold_${table}() AS folded`);
    return row?.folded ?? 0;
  }
  const folded = await select(
    db,
    `DELETE FROM ${table}_differences WHERE id IN (
       SELECT id FROM ${table}_differences ORDER BY id LIMIT ${SQLITE_STEP}) RETURNING id`,
  );
  return folded.length;
}

/**
 * Takes the differences that writers noted into the rollups, step by step until none is left. One process does it at a
 * time: who finds another at it does nothing. Answers are right before and after, and cheaper after.
 */
export async function foldDifferences(db: Knex): Promise<void> {
  for (const table of countedTables) while ((await foldStep(db, table)) > 0);
}

/** Counts all rows of a table anew. On PostgreSQL writers go on, and what they change meanwhile is counted too. */
export async function recount(db: Knex, table: CountedTable): Promise<void> {
  if (!isSqlite(db)) {
    await db.raw(`SELECT recount_${table}()`);
    return;
  }
  await db.transaction(async (transaction) => {
    await transaction.raw(`DELETE FROM ${table}_differences`);
    for (const name of rollupsOf[table]) {
      await transaction.raw(`DELETE FROM ${name}`);
      await transaction.raw(`INSERT INTO ${name} SELECT * FROM counted_${name}`);
    }
  });
}

export async function recountAll(db: Knex): Promise<void> {
  for (const table of countedTables) await recount(db, table);
}
