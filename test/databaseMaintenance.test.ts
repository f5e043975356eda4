import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { graphql } from './graphql/gql.ts';
import { startApi, useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const analyze = graphql(`mutation Analyze($tables: [String!]) {
  analyzeTables(tables: $tables) {
    ... on AnalyzeTablesSuccess { data }
    ... on MaintenanceFailedError { message }
  }
}`);

const rebuild = graphql(`mutation Rebuild($index: String!) {
  reindex(index: $index) {
    ... on ReindexSuccess { data }
    ... on MaintenanceFailedError { message }
  }
}`);

const ODD = 'an "odd"; name? \'; DROP TABLE jobs; --';

describe.each(databases)('maintenance on $name', (kind) => {
  const isSqlite = kind.name === 'SQLite';
  const api = useApi(kind);
  let as: Client;
  let userId: number;
  beforeAll(async () => {
    const administrator = await api.given.administrator();
    as = administrator.as;
    userId = administrator.user.id;
  });

  const entries = (type: string) =>
    api
      .db('audit_logs')
      .where('event_type', 'like', `${type}%`)
      .orderBy('id')
      .select('event_type', 'resource_type', 'resource_id', 'user_id', 'endpoint', 'details');

  test('a table is analyzed, and the audit log says by whom', async () => {
    const { analyzeTables } = await as.query(analyze, { tables: ['jobs', 'users', 'jobs'] });
    expect(analyzeTables).toEqual({ data: ['jobs', 'users'] });
    expect(await entries('table_analyzed')).toEqual(
      ['jobs', 'users'].map((table) => ({
        event_type: 'table_analyzed',
        resource_type: 'table',
        resource_id: table,
        user_id: userId,
        endpoint: 'Analyze',
        details: null,
      })),
    );
  });

  test('all tables where none is named', async () => {
    const { analyzeTables } = await as.query(analyze, {});
    expect(analyzeTables).toMatchObject({ data: expect.arrayContaining(['jobs', 'job_search']) });
  });

  test('the connection that serves knows at once what was analyzed beside it', async () => {
    await api.db.raw('CREATE TABLE planner (a integer, b integer)');
    await api.db.raw('CREATE INDEX planner_a ON planner (a)');
    await api.db.raw('CREATE INDEX planner_b ON planner (b)');
    onTestFinished(() => api.db.schema.dropTable('planner'));
    const rows = Array.from({ length: 500 }, (_, index) => ({ a: 1, b: index }));
    await api.db('planner').insert(rows);
    const plan = async () =>
      JSON.stringify(
        await api.db.raw(
          isSqlite
            ? 'EXPLAIN QUERY PLAN SELECT * FROM planner WHERE a = 1 AND b = 1'
            : 'EXPLAIN SELECT * FROM planner WHERE a = 1 AND b = 1',
        ),
      );
    await as.query(analyze, { tables: ['planner'] });
    expect(await plan()).toContain('planner_b');
    await api.db('planner').delete();
    await api.db('planner').insert(rows.map(({ a, b }) => ({ a: b, b: a })));
    await as.query(analyze, { tables: ['planner'] });
    expect(await plan()).toContain('planner_a');
  });

  test('what the catalogue does not have is refused, and nothing is done', async () => {
    const before = await entries('table_analyzed');
    expect(await as.refusal(analyze, { tables: ['jobs', 'jobs; DROP TABLE jobs'] })).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no table "jobs; DROP TABLE jobs".',
    });
    expect(await as.refusal(analyze, { tables: [] })).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await as.refusal(rebuild, { index: 'jobs' })).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no index "jobs".',
    });
    expect(await entries('table_analyzed')).toEqual(before);
    expect(await entries('index_rebuilt')).toEqual([]);
  });

  test('an index is built anew, one of a key too', async () => {
    const key = isSqlite ? 'sqlite_autoindex_jobs_1' : 'jobs_pkey';
    for (const index of ['idx_jobs_status', key]) {
      expect((await as.query(rebuild, { index })).reindex).toEqual({ data: index });
    }
    expect((await entries('index_rebuilt')).map((entry) => entry.resource_id)).toEqual([
      'idx_jobs_status',
      key,
    ]);
  });

  test('an index that is built anew waits for who began before, however long', async ({ skip }) => {
    skip(isSqlite, 'SQLite builds it in a transaction of its own');
    const { address } = api.config.database;
    const impatient = await startApi(
      { address, drop: async () => {} },
      { backgroundTimeoutMs: 200 },
    );
    onTestFinished(() => impatient.stop());
    const { as: administrator } = await impatient.given.administrator();
    const began = await api.db.transaction();
    await began.raw('LOCK TABLE jobs IN ROW EXCLUSIVE MODE');
    const rebuilt = administrator.query(rebuild, { index: 'idx_jobs_status' });
    await sleep(600);
    await began.rollback();
    expect((await rebuilt).reindex).toEqual({ data: 'idx_jobs_status' });
    // Whoever has the connection next does not wait for ever.
    const { rows } = await impatient.app.background.raw('SHOW lock_timeout');
    expect(rows).toEqual([{ lock_timeout: '200ms' }]);
  });

  test('names may hold anything', async () => {
    const quoted = `"${ODD.replaceAll('"', '""')}"`.replaceAll('?', '\\?');
    await api.db.raw(`CREATE TABLE ${quoted} (id integer)`);
    await api.db.raw(`CREATE INDEX ${quoted.replace('odd', 'odd index')} ON ${quoted} (id)`);
    onTestFinished(() => api.db.raw(`DROP TABLE ${quoted}`));
    const index = ODD.replace('odd', 'odd index');
    expect((await as.query(analyze, { tables: [ODD] })).analyzeTables).toEqual({ data: [ODD] });
    expect((await as.query(rebuild, { index })).reindex).toEqual({ data: index });
    const { performance } = await as.query<
      {
        performance: { tables: { name: string }[] };
      },
      object
    >('{ performance { tables { name rows totalBytes } } }');
    expect(performance.tables.map(({ name }) => name)).toContain(ODD);
  });

  test('what the database refuses is told in its words, and in the audit log', async ({ skip }) => {
    skip(isSqlite, 'SQLite builds an index whole or not at all');
    await api.db('config').insert([
      { key: 'one', value: 'same', updated_at: new Date() },
      { key: 'two', value: 'same', updated_at: new Date() },
    ]);
    const build = 'CREATE UNIQUE INDEX CONCURRENTLY planted_invalid ON config (value)';
    await expect(api.db.raw(build)).rejects.toThrow();
    const { reindex } = await as.query(rebuild, { index: 'planted_invalid' });
    expect(reindex).toMatchObject({
      message: expect.stringContaining('could not create unique index "planted_invalid_ccnew"'),
    });
    const [begun, failed] = (await entries('index_rebuilt')).slice(-2);
    expect(begun).toMatchObject({ event_type: 'index_rebuilt', resource_id: 'planted_invalid' });
    expect(failed).toMatchObject({ event_type: 'index_rebuilt_failed' });
    // What was left behind is invalid too, and best dropped.
    const { performance } = await as.query<
      {
        performance: { indexes: { advice: { index: string; fault: string; sql: string }[] } };
      },
      object
    >('{ performance { indexes { advice { index fault sql } } } }');
    expect(performance.indexes.advice).toContainEqual({
      index: 'planted_invalid_ccnew',
      fault: 'INVALID',
      sql: 'DROP INDEX CONCURRENTLY planted_invalid_ccnew;',
    });
  });

  test('is for administrators', async () => {
    const { as: user } = await api.given.user();
    const { as: worker } = await api.given.worker();
    for (const client of [user, worker]) {
      expect(await client.refusal(analyze, {})).toMatchObject({ code: 'FORBIDDEN' });
      expect(await client.refusal(rebuild, { index: 'idx_jobs_status' })).toMatchObject({
        code: 'FORBIDDEN',
      });
    }
    expect(await api.client.refusal(analyze, {})).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
