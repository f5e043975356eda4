import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Knex } from 'knex';
import { beforeAll, describe, expect, test } from 'vitest';
import { down, up } from '../../migrations/014_rollups.ts';
import { fillDemo } from '../../seed/fill.ts';
import { type Choices, createRandom, type Random } from '../../seed/random.ts';
import { connect, select } from '../../src/db/client.ts';
import { foldDifferences, recountAll, rollupsOf } from '../../src/db/rollups.ts';
import { useApi } from '../harness/api.ts';
import type { Client } from '../harness/client.ts';
import { databases } from '../harness/databases.ts';
import {
  CANCEL,
  COMPLETE,
  createdJob,
  DELETE,
  FAIL,
  lease,
  REDRIVE,
  REPORT,
  tokenOf,
} from '../harness/queue.ts';
import { changes, kindIn, periodIn } from './changes.ts';
import { ANSWERS, type Asked, plainAnswers, variablesOf } from './plainFigures.ts';

const rollupNames = Object.values(rollupsOf).flat();
const keys: Record<(typeof rollupNames)[number], string[]> = {
  job_rollups: ['scope', 'user_id', 'period', 'status', 'model'],
  job_activity: ['day', 'user_id'],
  metadata_rollups: ['day', 'language', 'duration_class', 'token_class'],
};

const TRANSCRIPT = { language: 'en', segments: [{ start: 0, end: 7.25, text: ' Good morning.' }] };

/** Who changes many rows may lock another out, and another may delete the job whose metadata comes. */
function expectCollision(error: unknown): void {
  expect(String(error)).toMatch(/deadlock detected|foreign key/i);
}

const byKey = <Row extends object>(rows: Row[]): Row[] =>
  rows.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));

describe.each(databases)('rollups on $name', (kind) => {
  const api = useApi(kind, { poolSize: 8 });
  let administrator: Client;
  let user: Client;
  let worker: Client;
  let userIds: Choices<number>;

  beforeAll(async () => {
    administrator = (await api.given.administrator()).as;
    worker = (await api.given.worker()).as;
    const own = await api.given.user();
    user = own.as;
    const others = [await api.given.user(), await api.given.user()];
    userIds = [own.user.id, ...others.map((other) => other.user.id)];
  });

  /** What the API answers, its lists in an order that ties don't change. */
  async function answers(asked: Asked) {
    const { users, ...all } = await administrator.query<
      Omit<Awaited<ReturnType<typeof plainAnswers>>, 'users'> & {
        users: { edges: { node: { id: string; jobCounts: object[] } }[] };
      },
      object
    >(ANSWERS, variablesOf(asked));
    const nodes = users.edges.map(({ node }) => node);
    byKey(all.jobStatistics.byStatus);
    byKey(all.jobStatistics.byModel);
    byKey(all.metadataAnalytics.languages);
    for (const { jobCounts } of nodes) byKey(jobCounts);
    return { ...all, users: byKey(nodes) };
  }

  async function expectPlain(asked: Asked): Promise<void> {
    const plain = await plainAnswers(api.db, asked);
    byKey(plain.jobStatistics.byStatus);
    byKey(plain.jobStatistics.byModel);
    byKey(plain.metadataAnalytics.languages);
    for (const { jobCounts } of plain.users) byKey(jobCounts);
    expect(await answers(asked)).toEqual({ ...plain, users: byKey(plain.users) });
  }

  /** Rows that a rollup has and counting has not, or the other way round, in one statement, so of one moment. */
  async function differing(db: Knex): Promise<number> {
    let total = 0;
    for (const name of rollupNames) {
      const key = keys[name];
      const columns = Object.keys(await db(name).columnInfo());
      const figures = columns.filter((column) => !key.includes(column));
      // What came and went leaves differences that add up to nothing.
      const summed = `SELECT ${key}, ${figures.map((figure) => `sum(${figure})`)}
         FROM current_${name} GROUP BY ${key} HAVING sum(${figures[0]}) <> 0`;
      const plain = `SELECT ${[...key, ...figures]} FROM counted_${name}`;
      const [row] = await select<{ count: number }>(
        db,
        `SELECT (SELECT count(*) FROM (SELECT * FROM (${summed}) AS a EXCEPT ${plain}) AS b)
              + (SELECT count(*) FROM (${plain} EXCEPT SELECT * FROM (${summed}) AS c) AS d) AS count`,
      );
      total += Number(row?.count);
    }
    return total;
  }

  const change = (random: Random) => random.pick(changes)(api.db, random, userIds);

  async function expectEqualRows(db: Knex): Promise<void> {
    await foldDifferences(db);
    for (const name of rollupNames) {
      expect(byKey(await db(name).select())).toEqual(byKey(await db(`counted_${name}`).select()));
    }
  }

  test.each([1, 2])('answer as counting does, whatever happens to the rows (%i)', async (seed) => {
    const random = createRandom(seed);
    for (let round = 0; round < 6; round += 1) {
      for (let step = 0; step < 25; step += 1) {
        await change(random);
        if (random.chance(0.1)) await foldDifferences(api.db);
      }
      const userId = random.pick([null, null, userIds[0]]);
      await expectPlain({ ...periodIn(random), userId, kind: kindIn(random) });
    }
    await expectEqualRows(api.db);
  });

  test('know what people and workers did', async () => {
    const now = new Date();
    const hour = 3_600_000;
    const asked = {
      from: new Date(now.getTime() - 30 * hour).toISOString(),
      to: new Date(now.getTime() + hour).toISOString(),
      userId: null,
      kind: {},
    };
    const ids: string[] = [];
    for (let made = 0; made < 6; made += 1) {
      ids.push(await createdJob(user, { model: 'new', durationSeconds: made === 0 ? null : 30.5 }));
    }
    const [first, second] = [await lease(worker, ['new']), await lease(worker, ['new'])];
    await expectPlain(asked);
    await worker.query(REPORT, { ...tokenOf(first), progress: 0.5 });
    await worker.query(COMPLETE, { ...tokenOf(first), transcript: TRANSCRIPT });
    await worker.query(FAIL, { ...tokenOf(second), code: 'AUDIO_MISSING' });
    await user.query(DELETE, { id: ids.at(-1) });
    await user.query(CANCEL, { id: ids.at(-2) });
    await expectPlain(asked);
    await administrator.query(REDRIVE, { filter: { status: 'FAILED' } });
    await expectPlain(asked);
  });

  test('have no row for what is not there any more, and none for a heartbeat', async () => {
    const { user: other } = await api.given.user();
    const job = await api.given.job({ user: other, model: 'once', duration_seconds: 1e300 });
    await foldDifferences(api.db);
    const rows = () => api.db('current_job_rollups').where({ user_id: other.id }).select();
    const before = await rows();
    await api.db('jobs').where({ id: job.id }).update({ progress: 0.5, lease_expires_at: null });
    expect(await rows()).toEqual(before);
    await api.db('jobs').where({ id: job.id }).delete();
    await api.app.sweeper.sweep();
    expect(await rows()).toEqual([]);
    expect(await api.db('jobs_differences')).toEqual([]);
    expect(await api.db('job_rollups').where({ model: 'once' })).toEqual([]);
  });

  test('are right at every moment while many write, fold and count anew', async () => {
    let isOver = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      const random = createRandom(100 + writer);
      for (let step = 0; step < 20; step += 1) await change(random).catch(expectCollision);
    });
    const repeated = async (work: () => Promise<unknown>): Promise<void> => {
      while (!isOver) {
        await work();
        await nextTurn();
      }
    };
    const others = [
      repeated(() => foldDifferences(api.db)),
      repeated(() => recountAll(api.db)),
      repeated(async () => expect(await differing(api.db)).toEqual(0)),
    ];
    await Promise.all(writers);
    isOver = true;
    await Promise.all(others);
    await expectEqualRows(api.db);
  });

  test('are counted by the migration, beside running writers, also where it was cut off', async () => {
    await down(api.db);
    const random = createRandom(200);
    for (let step = 0; step < 60; step += 1) await change(random);
    let isOver = false;
    const writing = async (): Promise<void> => {
      while (!isOver) await change(random);
    };
    const writer = writing();
    await up(api.db);
    await up(api.db);
    isOver = true;
    await writer;
    await expectEqualRows(api.db);
    await expectPlain({ ...periodIn(random), userId: null, kind: {} });
  });

  test('are counted anew by an operator, after a restore without triggers', async () => {
    await api.db('job_rollups').delete();
    await api.db('metadata_rollups').update({ count: 7 });
    await recountAll(api.db);
    await expectEqualRows(api.db);
  });

  test('have what a fill brings', async () => {
    const database = await kind.create();
    const db = connect({ address: database.address, poolSize: 2 });
    try {
      const now = new Date('2026-03-01T12:00:00Z');
      await fillDemo(db, { users: 5, jobs: 100, now, hashedPassword: 'none' });
      expect(await db('job_rollups').where({ scope: 'everybody' }).sum({ count: 'count' })).toEqual(
        [{ count: 100 }],
      );
      await expectEqualRows(db);
      await db('jobs').limit(1).update({ status: 'cancelled' });
      expect(await differing(db)).toBe(0);
      await db.raw(kind.name === 'SQLite' ? 'DELETE FROM jobs' : 'TRUNCATE jobs CASCADE');
      await expectEqualRows(db);
      expect(await db('job_rollups')).toEqual([]);
    } finally {
      await db.destroy();
      await database.drop();
    }
  });
});
