import type { Knex } from 'knex';
import {
  addColumn,
  columnTypes,
  createIndexes,
  dropColumn,
  dropIndexes,
  type Index,
  isSqlite,
  together,
} from '../src/db/migrationSteps.ts';

/** For Knex's command line: CREATE INDEX CONCURRENTLY can't run in a transaction. */
export const config = { transaction: false };

/** In line are the queued jobs that nothing holds back; `run_after` is emptied when its time has come. */
const inLine = (row = ''): string => `${row}status = 'queued' AND ${row}run_after IS NULL`;

/** Small, however many jobs there are: each has only the jobs that somebody waits for. */
export const indexes: readonly Index[] = [
  {
    name: 'idx_jobs_line',
    table: 'jobs',
    on: 'user_id, model, priority DESC, created_at, id',
    where: inLine(),
  },
  {
    name: 'idx_jobs_run_after',
    table: 'jobs',
    on: 'run_after, id',
    where: "status = 'queued' AND run_after IS NOT NULL",
  },
  {
    name: 'idx_jobs_lease_expires_at',
    table: 'jobs',
    on: 'lease_expires_at, id',
    where: 'lease_expires_at IS NOT NULL',
  },
  {
    name: 'idx_jobs_deadline_at',
    table: 'jobs',
    on: 'deadline_at, id',
    where: 'deadline_at IS NOT NULL',
  },
  {
    name: 'idx_queue_turns_line',
    table: 'queue_turns',
    on: 'model, turn, user_id',
    where: 'waiting > 0',
  },
  { name: 'idx_queue_turns_turn', table: 'queue_turns', on: 'turn' },
  { name: 'idx_queue_turns_user_turn', table: 'queue_turns', on: 'user_id, turn' },
];

/** Six hours, which the service overrides by its setting. */
const REMAINING_SECONDS = 21_600;

const columns = ({ time, real }: { time: string; real: string }): [string, string][] => [
  ['deadline_at', time],
  ['remaining_seconds', `${real} NOT NULL DEFAULT ${REMAINING_SECONDS}`],
  ['error_code', 'text'],
];

/** A line that is new begins with the latest turn that its user had for other models. */
const join = (row: string): string => `
  INSERT INTO queue_turns (user_id, model, waiting, turn) VALUES (${row}.user_id, ${row}.model, 1,
    coalesce((SELECT max(turn) FROM queue_turns WHERE user_id = ${row}.user_id), 0))
  ON CONFLICT (user_id, model) DO UPDATE SET waiting = queue_turns.waiting + 1;`;
const leave = (row: string): string => `
  UPDATE queue_turns SET waiting = waiting - 1 WHERE user_id = ${row}.user_id AND model = ${row}.model;`;

const moves = 'UPDATE OF status, run_after, user_id, model';

const sqliteTriggers = [
  `CREATE TRIGGER jobs_turn_insert AFTER INSERT ON jobs WHEN ${inLine('new.')}
   BEGIN ${join('new')} END`,
  `CREATE TRIGGER jobs_turn_leave AFTER ${moves} ON jobs WHEN ${inLine('old.')}
   BEGIN ${leave('old')} END`,
  `CREATE TRIGGER jobs_turn_join AFTER ${moves} ON jobs WHEN ${inLine('new.')}
   BEGIN ${join('new')} END`,
  `CREATE TRIGGER jobs_turn_delete AFTER DELETE ON jobs WHEN ${inLine('old.')}
   BEGIN ${leave('old')} END`,
];

const sqliteTriggerDrops = ['insert', 'leave', 'join', 'delete'].map(
  (name) => `DROP TRIGGER IF EXISTS jobs_turn_${name}`,
);

/**
 * The lock is for claims of one user's jobs for different models: each changes the rows of several of
 * the user's lines, so without it they could wait for each other.
 */
const lockUser = (row: string): string =>
  `PERFORM pg_advisory_xact_lock(hashtext('queue_turns'), ${row}.user_id);`;

const postgresTriggers = [
  `CREATE FUNCTION join_queue_turns() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN ${lockUser('NEW')} ${join('NEW')} RETURN NULL; END $$`,
  `CREATE FUNCTION leave_queue_turns() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN ${lockUser('OLD')} ${leave('OLD')} RETURN NULL; END $$`,
  `CREATE TRIGGER jobs_turn_insert AFTER INSERT ON jobs FOR EACH ROW
   WHEN (${inLine('NEW.')}) EXECUTE FUNCTION join_queue_turns()`,
  `CREATE TRIGGER jobs_turn_leave AFTER ${moves} ON jobs FOR EACH ROW
   WHEN (${inLine('OLD.')}) EXECUTE FUNCTION leave_queue_turns()`,
  `CREATE TRIGGER jobs_turn_join AFTER ${moves} ON jobs FOR EACH ROW
   WHEN (${inLine('NEW.')}) EXECUTE FUNCTION join_queue_turns()`,
  `CREATE TRIGGER jobs_turn_delete AFTER DELETE ON jobs FOR EACH ROW
   WHEN (${inLine('OLD.')}) EXECUTE FUNCTION leave_queue_turns()`,
];

const postgresTriggerDrops = [
  ...['insert', 'leave', 'join', 'delete'].map(
    (name) => `DROP TRIGGER IF EXISTS jobs_turn_${name} ON jobs`,
  ),
  'DROP FUNCTION IF EXISTS join_queue_turns',
  'DROP FUNCTION IF EXISTS leave_queue_turns',
];

/**
 * Whose turn it is: a row for each user and model with the number of the user's jobs in line, kept by
 * triggers, and the number of the turn that the user had last.
 */
export async function up(db: Knex): Promise<void> {
  const types = columnTypes(db);
  const { key, bigInteger } = types;
  await together(db, async (transaction) => {
    for (const [column, definition] of columns(types)) {
      await addColumn(transaction, 'jobs', column, definition);
    }
    for (const drop of isSqlite(db) ? sqliteTriggerDrops : postgresTriggerDrops) {
      await transaction.raw(drop);
    }
    await transaction.raw('DROP TABLE IF EXISTS queue_turns');
    await transaction.raw(`CREATE TABLE queue_turns (
      user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      model ${key} NOT NULL,
      waiting integer NOT NULL,
      turn ${bigInteger} NOT NULL,
      PRIMARY KEY (user_id, model)
    )`);
    await transaction.raw(
      `INSERT INTO queue_turns (user_id, model, waiting, turn)
         SELECT user_id, model, count(*), 0 FROM jobs WHERE ${inLine()} GROUP BY user_id, model`,
    );
    for (const trigger of isSqlite(db) ? sqliteTriggers : postgresTriggers) {
      await transaction.raw(trigger);
    }
  });
  await createIndexes(db, indexes);
}

export async function down(db: Knex): Promise<void> {
  await dropIndexes(db, indexes);
  await together(db, async (transaction) => {
    for (const drop of isSqlite(db) ? sqliteTriggerDrops : postgresTriggerDrops) {
      await transaction.raw(drop);
    }
    await transaction.raw('DROP TABLE IF EXISTS queue_turns');
    for (const [column] of columns(columnTypes(db))) await dropColumn(transaction, 'jobs', column);
  });
}
