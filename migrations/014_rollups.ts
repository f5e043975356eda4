import type { Knex } from 'knex';
import {
  columnTypes,
  createIndexes,
  dropIndexes,
  type Index,
  isSqlite,
  together,
} from '../src/db/migrationSteps.ts';
import type { CountedTable } from '../src/db/rollupDefinition.ts';
import { createRollups, dropRollups } from '../src/db/rollupSteps.ts';
import { recountAll } from '../src/db/rollups.ts';

/** For Knex's command line: each migration opens its own transactions. */
export const config = { transaction: false };

/** The longest job of a day is at the end of it, everybody's and a user's. */
export function indexes(db: Knex): Index[] {
  const day = isSqlite(db)
    ? 'substr(created_at, 1, 10)'
    : "((created_at AT TIME ZONE 'UTC')::date)";
  const ofLength = { table: 'jobs', where: 'duration_seconds IS NOT NULL' };
  return [
    { ...ofLength, name: 'idx_jobs_day_duration', on: `${day}, duration_seconds, created_at` },
    {
      ...ofLength,
      name: 'idx_jobs_user_day_duration',
      on: `user_id, ${day}, duration_seconds, created_at`,
    },
  ];
}

/**
 * Seconds and the like as whole millionths, which add up to the same in any order. What is longer than thirty years
 * counts as that, so that no sum is too large.
 */
const millionths = (value: string): string =>
  `CASE WHEN ${value} IS NULL THEN 0 WHEN ${value} < 1000000000 THEN CAST(round(${value} * 1000000) AS bigint)
        ELSE 1000000000000000 END`;

/** Columns that are what their names say. */
const themselves = (...names: string[]) => Object.fromEntries(names.map((name) => [name, name]));

const oneIf = (condition: string): string => `CASE WHEN ${condition} THEN 1 ELSE 0 END`;

/** Upper bounds, exclusive, of the classes that durations (seconds) and tokens are counted in; -1 is for none. */
const classOf = (value: string, bounds: readonly number[]): string =>
  `CASE WHEN ${value} IS NULL THEN -1 ${bounds
    .map((bound, index) => `WHEN ${value} < ${bound} THEN ${index}`)
    .join(' ')} ELSE ${bounds.length} END`;

function countedTables(db: Knex): { jobs: CountedTable; metadata: CountedTable } {
  const sqlite = isSqlite(db);
  const time = columnTypes(db).key;
  const utc = (value: string, length: number, format: string): string =>
    sqlite
      ? `substr(${value}, 1, ${length})`
      : `to_char(${value} AT TIME ZONE 'UTC', '${format}') COLLATE "C"`;
  // Said to be text, or PostgreSQL could not look into the views for a period.
  const always = sqlite ? "''" : `''::text COLLATE "C"`;
  const dayOfHour = 'substr(hour, 1, 10)';
  const kind = { status: 'status', model: 'model' };
  const duration = (row: string) => millionths(`${row}.duration_seconds`);
  const work = (row: string) => millionths(`${row}.processing_time_seconds`);

  const jobs: CountedTable = {
    table: 'jobs',
    columns: [
      ...['user_id', 'created_at', 'status', 'model'],
      ...['duration_seconds', 'processing_time_seconds'],
    ],
    found: ['user_id', 'created_at'],
    grain: {
      user_id: { type: 'integer', of: (row) => `${row}.user_id` },
      hour: { type: time, of: (row) => utc(`${row}.created_at`, 13, 'YYYY-MM-DD"T"HH24') },
      status: { type: 'text', of: (row) => `${row}.status` },
      model: { type: 'text', of: (row) => `${row}.model` },
    },
    figures: {
      count: () => '1',
      duration_count: (row) => oneIf(`${row}.duration_seconds IS NOT NULL`),
      duration_micros: duration,
      // Audio and work of the jobs that have both, for the speed.
      processed_micros: (row) =>
        `CASE WHEN ${row}.processing_time_seconds > 0 THEN ${duration(row)} ELSE 0 END`,
      processing_micros: (row) =>
        `CASE WHEN ${row}.duration_seconds IS NOT NULL THEN ${work(row)} ELSE 0 END`,
      worked_count: (row) => oneIf(`${row}.processing_time_seconds IS NOT NULL`),
      worked_micros: work,
    },
    rollups: [
      // Everybody's, under no user's id, and each user's; in all, by day, and everybody's by hour too, for the
      // beginning and the end of a period.
      {
        name: 'job_rollups',
        key: { scope: 'text', user_id: 'integer', period: time, status: 'text', model: 'text' },
        levels: [
          { scope: "'everybody'", user_id: '0', period: always, ...kind },
          { scope: "'everybody_day'", user_id: '0', period: dayOfHour, ...kind },
          { scope: "'everybody_hour'", user_id: '0', period: 'hour', ...kind },
          { scope: "'user'", user_id: 'user_id', period: always, ...kind },
          { scope: "'user_day'", user_id: 'user_id', period: dayOfHour, ...kind },
        ],
        figures: themselves(
          ...['count', 'duration_count', 'duration_micros', 'processed_micros'],
          ...['processing_micros', 'worked_count', 'worked_micros'],
        ),
        count: 'count',
      },
      // For the busiest users: a row for each in place of one for each of their statuses and models.
      {
        name: 'job_activity',
        key: { day: time, user_id: 'integer' },
        levels: [{ day: dayOfHour, user_id: 'user_id' }],
        figures: {
          created: 'count',
          completed: `CASE WHEN status = 'completed' THEN count ELSE 0 END`,
          failed: `CASE WHEN status LIKE 'failed%' THEN count ELSE 0 END`,
          duration_micros: 'duration_micros',
        },
        count: 'created',
      },
    ],
  };

  const classes = ['day', 'language', 'duration_class', 'token_class'];
  const metadata: CountedTable = {
    table: 'metadata',
    columns: ['language', 'duration', 'tokens', 'wpm', 'generated_at'],
    found: ['job_id', 'generated_at'],
    grain: {
      day: { type: time, of: (row) => utc(`${row}.generated_at`, 10, 'YYYY-MM-DD') },
      language: { type: 'text', of: (row) => `coalesce(${row}.language, '')` },
      duration_class: {
        type: 'integer',
        of: (row) => classOf(`${row}.duration`, [60, 300, 900, 3600]),
      },
      token_class: {
        type: 'integer',
        of: (row) => classOf(`${row}.tokens`, [100, 500, 2000, 10_000]),
      },
    },
    figures: {
      count: () => '1',
      duration_micros: (row) => millionths(`${row}.duration`),
      tokens: (row) => `coalesce(${row}.tokens, 0)`,
      words_per_minute_micros: (row) => millionths(`${row}.wpm`),
      words_per_minute_count: (row) => oneIf(`${row}.wpm IS NOT NULL`),
    },
    rollups: [
      {
        name: 'metadata_rollups',
        key: { day: time, language: 'text', duration_class: 'integer', token_class: 'integer' },
        levels: [themselves(...classes)],
        figures: themselves(
          ...['count', 'duration_micros', 'tokens'],
          ...['words_per_minute_micros', 'words_per_minute_count'],
        ),
        count: 'count',
      },
    ],
  };
  return { jobs, metadata };
}

/**
 * What statistics and counts ask for, counted when it changes and not when it is asked. Writers only append what
 * changed, so none waits for another: one row of a day would be changed by all jobs of the day. The triggers come
 * first, and wait until those are done who write at that moment; then what was there is counted, beside running writers.
 */
export async function up(db: Knex): Promise<void> {
  for (const counted of Object.values(countedTables(db))) {
    // Each alone: who completes a job writes to both tables, and would wait for a migration that waits for them.
    await together(db, async (transaction) => {
      // Cut off before all was counted, the migration runs again.
      await dropRollups(transaction, counted);
      await createRollups(transaction, counted);
    });
  }
  await recountAll(db);
  await createIndexes(db, indexes(db));
}

export async function down(db: Knex): Promise<void> {
  await dropIndexes(db, indexes(db));
  for (const counted of Object.values(countedTables(db))) {
    await together(db, (transaction) => dropRollups(transaction, counted));
  }
}
