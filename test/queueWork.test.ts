import type { Knex } from 'knex';
import { beforeAll, describe, expect, test } from 'vitest';
import { startApi, type TestApi } from './harness/api.ts';
import { type DatabaseKind, databases, type TestDatabase } from './harness/databases.ts';
import { lease } from './harness/queue.ts';
import { type Work, workMeter } from './walk/work.ts';

const MANY = 5000;

const isSqlite = (db: Knex): boolean => db.client.driverName === 'better-sqlite3';

const numbers = (count: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

interface Rows {
  /** Of the ids. */
  prefix: string;
  count: number;
  /** SQL of the owner's id. */
  owner: string;
  model?: string;
  status?: string;
  runAfter?: string;
  leaseExpiresAt?: string;
}

async function addJobs(db: Knex, rows: Rows): Promise<void> {
  const { prefix, count, owner, model = 'small', status = 'queued' } = rows;
  const { runAfter, leaseExpiresAt } = rows;
  const id = `'${prefix}-' || i`;
  const time = (text: string): string => (isSqlite(db) ? `'${text}'` : `'${text}'::timestamptz`);
  const orNull = (text: string | undefined): string => (text ? time(text) : 'NULL');
  const created = time('2026-01-01T12:00:00.000Z');
  // PostgreSQL keeps each count of a line until the transaction ends, so one of all would take long.
  for (let first = 0; first < count; first += 500) {
    await db.raw(`INSERT INTO jobs (id, user_id, original_filename, saved_filename, model, status,
        created_at, updated_at, run_after, lease_expires_at, deadline_at)
      ${numbers(count)} SELECT ${id}, ${owner}, 'a.mp3', ${id}, '${model}', '${status}', ${created}, ${created},
        ${orNull(runAfter)}, ${orNull(leaseExpiresAt)}, ${orNull(leaseExpiresAt)} FROM n WHERE i > ${first} AND i <= ${first + 500}`);
  }
}

async function addUsers(db: Knex, count: number): Promise<void> {
  const [yes, no] = isSqlite(db) ? ['1', '0'] : ['true', 'false'];
  await db.raw(`INSERT INTO users (id, username, email, hashed_password, role, must_change_password,
      created_at, is_active)
    ${numbers(count)} SELECT i + 10, 'member' || i, 'member' || i, '-', 'user', ${no}, '2026-01-01T12:00:00.000Z', ${yes} FROM n`);
}

/** What neither a claim nor a sweep must notice, beside the ten jobs that are always in line. */
const situations: Record<string, readonly Rows[]> = {
  'ten jobs in line': [],
  'a user with very many jobs in line': [{ prefix: 'line', count: MANY, owner: '11' }],
  'very many users in line': [{ prefix: 'users', count: MANY, owner: 'i + 10' }],
  'very many users in line for another model': [
    { prefix: 'other', count: MANY, owner: 'i + 10', model: 'large-v3' },
  ],
  'very many jobs that wait for their time': [
    { prefix: 'later', count: MANY, owner: '11 + i % 100', runAfter: '2999-01-01T00:00:00.000Z' },
  ],
  'very many finished jobs': [
    { prefix: 'done', count: MANY, owner: '11 + i % 100', status: 'completed' },
    { prefix: 'failed', count: MANY, owner: '11 + i % 100', status: 'failed' },
  ],
  'very many jobs that are worked on': [
    {
      prefix: 'working',
      count: MANY,
      owner: '11 + i % 100',
      status: 'processing',
      leaseExpiresAt: '2999-01-01T00:00:00.000Z',
    },
  ],
};

/** What a claim and a sweep that finds nothing make the database do there. */
async function workOf(kind: DatabaseKind, rows: readonly Rows[]): Promise<Work> {
  const database: TestDatabase = await kind.create();
  const api: TestApi = await startApi(database);
  try {
    await addUsers(api.db, MANY);
    // What is added need not be found, and making its documents takes most of the time.
    if (!isSqlite(api.db)) await api.db.raw('ALTER TABLE jobs DISABLE TRIGGER jobs_search');
    await addJobs(api.db, { prefix: 'base', count: 10, owner: '11 + i % 5' });
    for (const added of rows) await addJobs(api.db, added);
    const worker = await api.given.worker();
    // So that nobody is new, as it is after a while.
    for (let count = 0; count < 3; count += 1) await lease(worker.as, ['small', 'tiny']);
    await api.db.raw(isSqlite(api.db) ? 'ANALYZE' : 'VACUUM ANALYZE');
    api.forgetStatements();
    await lease(worker.as, ['small', 'tiny']);
    await api.app.sweeper.sweep();
    // The claim and the turn; what is overdue, and what is due.
    const statements = api.statements.filter(({ sql }) =>
      /UPDATE (jobs|queue_turns)|FROM jobs/.test(sql),
    );
    expect(statements).toHaveLength(4);
    if (isSqlite(api.db)) await api.db.raw('PRAGMA wal_checkpoint(TRUNCATE)');
    const meter = await workMeter(database.address);
    const total = { steps: 0, pages: 0 };
    for (const statement of statements) {
      const { steps, pages } = await meter.measure(statement);
      total.steps += steps;
      total.pages += pages;
    }
    await meter.close();
    return total;
  } finally {
    await api.stop();
    await database.drop();
  }
}

describe.each(databases)('the work of the queue on $name', (kind) => {
  let base: Work;
  beforeAll(async () => {
    base = await workOf(kind, []);
  });

  test.each(Object.entries(situations))('is as much with %s', async (_, rows) => {
    const work = await workOf(kind, rows);
    // Where more is in line than can be taken at once, all of that is read: a fixed number.
    expect(work.steps).toBeLessThan(base.steps * 1.3 + 100);
    expect(work.pages).toBeLessThan(base.pages * 1.5 + 60);
  });
});
