import { beforeAll, describe, expect, test } from 'vitest';
import { sampleTables } from '../src/administration/tableReport.ts';
import { graphql } from './graphql/gql.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const report = graphql(`query TableReport {
  performance {
    tables {
      name rows rowsKnownBy analyzedRows tableBytes indexBytes toastBytes totalBytes
      growth { since bytes bytesPerDay } deadRows rowsChangedSinceAnalyze lastVacuumAt lastAnalyzeAt
    }
  }
}`);

const DAY_MS = 86_400_000;

describe.each(databases)('the table report on $name', (kind) => {
  const isSqlite = kind.name === 'SQLite';
  const api = useApi(kind);
  let as: Client;
  beforeAll(async () => {
    as = (await api.given.administrator()).as;
  });

  async function tableNamed(name: string) {
    const { performance } = await as.query(report, {});
    const table = performance.tables.find((candidate) => candidate.name === name);
    if (!table) throw new Error(`there is no table ${name}`);
    return table;
  }

  const samples = () => api.db('performance_metrics').where({ metric_type: 'table' });

  test('has the tables, and what each takes', async () => {
    const { performance } = await as.query(report, {});
    const names = performance.tables.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['jobs', 'users', 'segments', 'job_search']));
    expect(names.filter((name) => /^job_search_(data|idx|config)/.test(name))).toEqual([]);
    for (const table of performance.tables) {
      const { tableBytes, indexBytes, toastBytes, totalBytes } = table;
      expect(totalBytes).toBe(tableBytes + indexBytes + toastBytes);
    }
    const jobs = await tableNamed('jobs');
    expect(jobs.indexBytes).toBeGreaterThan(25 * 4096);
    const search = await tableNamed('job_search');
    expect(search.totalBytes).toBeGreaterThan(0);
  });

  test('knows how many rows there are, and since when the planner does', async () => {
    for (let count = 0; count < 3; count += 1) {
      await api.db('config').insert({ key: `${count}`, value: '', updated_at: new Date() });
    }
    expect(await tableNamed('config')).toMatchObject({ analyzedRows: null, lastAnalyzeAt: null });
    await as.query('mutation { analyzeTables(tables: ["config"]) { __typename } }');
    expect(await tableNamed('config')).toMatchObject({
      rows: 3,
      rowsKnownBy: isSqlite ? 'LARGEST_KEY' : 'ANALYZE',
      analyzedRows: 3,
      lastAnalyzeAt: isSqlite ? null : expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('counts the dead rows, until they are vacuumed', async ({ skip }) => {
    skip(isSqlite, 'SQLite counts no dead rows');
    await api.db.transaction(async (transaction) => {
      await transaction('config').update({ value: 'new' });
      // A session tells its counts once a second unless it is made to.
      await transaction.raw('SELECT pg_stat_force_next_flush()');
    });
    expect((await tableNamed('config')).deadRows).toBe(3);
    await api.db.raw('VACUUM config');
    expect(await tableNamed('config')).toMatchObject({
      deadRows: 0,
      lastVacuumAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('waits for nobody who holds a table to himself', async ({ skip }) => {
    skip(isSqlite, 'on SQLite nobody can hold a table to himself');
    const before = await tableNamed('jobs');
    await api.db.transaction(async (transaction) => {
      await transaction.raw('LOCK TABLE jobs, api_keys IN ACCESS EXCLUSIVE MODE');
      const during = await tableNamed('jobs');
      expect(during.indexBytes).toBe(before.indexBytes);
      const answer = await as.query(
        `{ performance { indexes { indexes { predicate definition sizeBytes } } settings { why } activity { sessions { query } } } }`,
      );
      expect(answer).toBeTruthy();
    });
  });

  test('tells the growth since the oldest sample of the last month', async () => {
    const now = Date.now();
    const daysAgo = (days: number) => new Date(now - days * DAY_MS);
    expect((await tableNamed('segments')).growth).toBeNull();
    await sampleTables(api.app.background, daysAgo(10));
    const before = (await tableNamed('segments')).totalBytes;
    const { user } = await api.given.administrator();
    const job = await api.given.job({ user });
    await api.given.segments(
      job,
      Array.from({ length: 200 }, () => 'words '.repeat(100)),
    );
    const { growth, totalBytes } = await tableNamed('segments');
    expect(growth?.since).toBe(daysAgo(10).toISOString());
    expect(growth?.bytes).toBe(totalBytes - before);
    expect(growth?.bytes).toBeGreaterThan(10_000);
    expect(growth?.bytesPerDay).toBeCloseTo((totalBytes - before) / 10, -2);
  });

  test('keeps a sample a day, and each for 400 days', async () => {
    await samples().delete();
    const start = Date.parse('2020-01-01T00:00:00Z');
    const sampleAfter = (days: number) =>
      sampleTables(api.app.background, new Date(start + days * DAY_MS));
    await sampleAfter(0);
    const each = (await samples()).length;
    expect(each).toBe((await as.query(report, {})).performance.tables.length);
    await sampleAfter(0.5);
    expect(await samples()).toHaveLength(each);
    await sampleAfter(1);
    expect(await samples()).toHaveLength(2 * each);
    await sampleAfter(400.5);
    expect(await samples()).toHaveLength(2 * each);
  });

  test('is for administrators', async () => {
    const { as: user } = await api.given.user();
    expect(await user.refusal(report, {})).toMatchObject({ code: 'FORBIDDEN' });
  });
});
