import type { Knex } from 'knex';
import { isSqlite } from './migrationSteps.ts';
import { postgresRollups } from './postgresRollups.ts';
import { type CountedTable, differences, trigger, triggerEvents } from './rollupDefinition.ts';
import { sqliteRollups } from './sqliteRollups.ts';

/** Makes rollups that are empty; every change from now on is noted, and `recount` counts what was there before. */
export async function createRollups(
  transaction: Knex.Transaction,
  counted: CountedTable,
): Promise<void> {
  const steps = isSqlite(transaction) ? sqliteRollups(counted) : postgresRollups(counted);
  for (const step of steps) await transaction.raw(step);
}

export async function dropRollups(
  transaction: Knex.Transaction,
  counted: CountedTable,
): Promise<void> {
  const { table, rollups } = counted;
  const onTable = isSqlite(transaction) ? '' : ` ON ${table}`;
  for (const event of triggerEvents) {
    await transaction.raw(`DROP TRIGGER IF EXISTS ${trigger(counted, event)}${onTable}`);
  }
  for (const { name } of rollups) {
    for (const view of ['current', 'counted', 'each']) {
      await transaction.raw(`DROP VIEW IF EXISTS ${view}_${name}`);
    }
  }
  if (!isSqlite(transaction)) {
    const functions = triggerEvents.map((event) => trigger(counted, event));
    for (const name of [...functions, `fold_${table}`, `recount_${table}`]) {
      await transaction.raw(`DROP FUNCTION IF EXISTS ${name}()`);
    }
  }
  // On SQLite, to drop a table is not to delete its rows: nothing is folded.
  for (const name of [differences(counted), ...rollups.map((rollup) => rollup.name)]) {
    await transaction.raw(`DROP TABLE IF EXISTS ${name}`);
  }
}
