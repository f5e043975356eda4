import type { Knex } from 'knex';
import { select } from './client.ts';
import { isSqlite } from './migrationSteps.ts';
import { recountAll } from './rollups.ts';

interface TriggerSwitch {
  off: string;
  on: string;
}

const counts = "name LIKE 'count!_%' ESCAPE '!'";

/** What stops and starts the triggers that count rows as they come and go. */
const countingTriggers = (db: Knex): Promise<TriggerSwitch[]> =>
  select<TriggerSwitch>(
    db,
    isSqlite(db)
      ? `SELECT 'DROP TRIGGER ' || name AS off, sql AS "on" FROM sqlite_schema
          WHERE type = 'trigger' AND ${counts}`
      : `SELECT 'ALTER TABLE ' || owner || ' DISABLE TRIGGER ' || name AS off,
                'ALTER TABLE ' || owner || ' ENABLE TRIGGER ' || name AS "on"
           FROM (SELECT tgrelid::regclass AS owner, tgname AS name FROM pg_trigger) AS triggers
          WHERE ${counts}`,
  );

/**
 * Runs `fill` without counting, and counts all at its end: cheaper where rows come by the hundred thousand. In a
 * transaction, so that nobody sees rows that are not counted.
 */
export async function withRollupsSetAside(
  transaction: Knex.Transaction,
  fill: () => Promise<void>,
): Promise<void> {
  const triggers = await countingTriggers(transaction);
  for (const { off } of triggers) await transaction.raw(off);
  await fill();
  for (const { on } of triggers) await transaction.raw(on);
  await recountAll(transaction);
}
