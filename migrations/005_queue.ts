import type { Knex } from 'knex';
import {
  addColumn,
  columnTypes,
  createIndexes,
  dropColumn,
  dropIndexes,
  type Index,
  together,
} from '../src/db/migrationSteps.ts';

/** For Knex's command line: CREATE INDEX CONCURRENTLY can't run in a transaction. */
export const config = { transaction: false };

export const indexes: readonly Index[] = [
  {
    name: 'idx_jobs_idempotency_key',
    table: 'jobs',
    on: 'user_id, idempotency_key',
    unique: true,
  },
];

/** What the queue knows of a job: when and how often it may run, who runs it, how far it is. */
const columns = ({ time, real }: { time: string; real: string }): [string, string][] => [
  ['priority', 'integer NOT NULL DEFAULT 0'],
  ['run_after', time],
  ['attempt', 'integer NOT NULL DEFAULT 0'],
  ['max_attempts', 'integer NOT NULL DEFAULT 3'],
  ['claimed_by', 'text'],
  ['lease_expires_at', time],
  ['progress', real],
  ['error_message', 'text'],
  ['idempotency_key', 'text'],
];

export async function up(db: Knex): Promise<void> {
  await together(db, async (transaction) => {
    for (const [column, definition] of columns(columnTypes(db))) {
      await addColumn(transaction, 'jobs', column, definition);
    }
  });
  await createIndexes(db, indexes);
}

export async function down(db: Knex): Promise<void> {
  await dropIndexes(db, indexes);
  await together(db, async (transaction) => {
    for (const [column] of columns(columnTypes(db))) await dropColumn(transaction, 'jobs', column);
  });
}
