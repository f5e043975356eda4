import type { Knex } from 'knex';

/** Tarn, which Knex pools connections with; Knex's types leave it open. */
interface Pool {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
  max: number;
}

/** The connections of a database, and how many wait for one. */
export function readPool(db: Knex) {
  // Gone once the database is closed.
  const pool: Pool | undefined = db.client.pool;
  return {
    used: pool?.numUsed() ?? 0,
    free: pool?.numFree() ?? 0,
    waiting: pool?.numPendingAcquires() ?? 0,
    size: pool?.max ?? 1,
  };
}
