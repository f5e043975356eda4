import type { Knex } from 'knex';

const KEY = 'performance.reset_at';

/** When somebody last let the monitor begin anew; null if nobody did. */
export async function findPerformanceResetTime(db: Knex): Promise<string | null> {
  const row: { value: string } | undefined = await db('config').where({ key: KEY }).first('value');
  return row?.value ?? null;
}

/** Always within the transaction of what reports it. */
export async function updatePerformanceResetTime(
  db: Knex.Transaction,
  time: string,
): Promise<void> {
  await db('config')
    .insert({ key: KEY, value: time, updated_at: time })
    .onConflict('key')
    .merge(['value', 'updated_at']);
}
