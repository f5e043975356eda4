import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { DatabaseAddress } from '../config.ts';
import { connect, select } from './client.ts';

/** Any number that nobody else takes; PostgreSQL's advisory locks have no names. */
const ADVISORY_LOCK = 7_304_160_119;

const WAIT_MS = 120_000;
const POLL_MS = 200;

/** Takes the lock, or tells that another process has it. */
async function tryLock(lock: Knex, address: DatabaseAddress): Promise<boolean> {
  if (address.kind === 'postgres') {
    // Not pg_advisory_lock: its snapshot, waiting, would hold up CREATE INDEX CONCURRENTLY.
    const [row] = await select<{ locked: boolean }>(
      lock,
      'SELECT pg_try_advisory_lock(?) AS locked',
      [ADVISORY_LOCK],
    );
    return row?.locked ?? false;
  }
  try {
    await lock.raw('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return false;
    throw error;
  }
}

/**
 * Runs `run` while no other process does. The lock is a connection's own, so it goes when the process
 * dies, unlike the row that Knex locks with.
 */
export async function withMigrationLock<Result>(
  address: DatabaseAddress,
  run: () => Promise<Result>,
): Promise<Result> {
  const lock = connect({
    // A file beside the database: a lock on the database itself would keep the migrations out.
    address:
      address.kind === 'sqlite'
        ? { kind: 'sqlite', filename: `${address.filename}-migrating` }
        : address,
    poolSize: 1,
  });
  try {
    const giveUpAt = Date.now() + WAIT_MS;
    while (!(await tryLock(lock, address))) {
      if (Date.now() > giveUpAt)
        throw new Error('Another process has been migrating for too long.');
      await sleep(POLL_MS);
    }
    return await run();
  } finally {
    await lock.destroy();
  }
}
