import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendNamed } from '../src/db/postgresStatement.ts';
import { databases, type TestDatabase } from './harness/databases.ts';
import { globalId } from './harness/given.ts';
import { startWalkApi, type WalkApi } from './walk/proof.ts';
import { walkDatabase } from './walk/rows.ts';

/** PostgreSQL keeps a plan only from the sixth time on. */
const TIMES = 7;

interface Asked {
  user: string;
  job: string;
  segment: string;
  auditLog: string;
  /** Of the first edge of each connection before. */
  after: string | null;
}

const job = 'originalFilename status user { username } metadata { language }';

/** The API's main queries. Those that go on after a cursor take the first of the query above them. */
const queries: Record<string, (asked: Asked) => string> = {
  'newest jobs': () => `{ jobs(first: 5) { edges { cursor node { ${job} } } totalCount } }`,
  'older jobs': ({ after }) => `{ jobs(after: "${after}") { edges { node { ${job} } } } }`,
  'jobs in a status': () =>
    `{ jobs(filter: { status: COMPLETED }) { edges { cursor node { ${job} } } totalCount } }`,
  'older jobs in a status': ({ after }) =>
    `{ jobs(filter: { status: COMPLETED }, after: "${after}") { edges { node { model } } } }`,
  'jobs of a user in a span of time': ({ user }) =>
    `{ jobs(filter: { userId: "${user}", createdAt: { from: "2025-02-01T00:00:00Z" } }) { edges { node { id } } } }`,
  'a job': (asked) => `{ job(id: "${asked.job}") { ${job} transcript } }`,
  'a job of any fields': (asked) =>
    `{ node(id: "${asked.job}") { ... on Job { ${job} user { jobs(first: 2) { totalCount } } } } }`,
  'a transcript': (asked) =>
    `{ job(id: "${asked.job}") { segments(first: 2) { totalCount edges { cursor node { text } } } } }`,
  'the rest of a transcript': (asked) =>
    `{ job(id: "${asked.job}") { segments(first: 2, after: "${asked.after}") { edges { node { text } } } } }`,
  'a user with jobs': ({ user }) =>
    `{ user(id: "${user}") { username jobs(first: 2) { edges { cursor node { ${job} } } } } }`,
  'older jobs of a user': ({ user, after }) =>
    `{ user(id: "${user}") { jobs(first: 2, after: "${after}") { edges { node { ${job} } } } } }`,
  'jobs of users in a status': () =>
    `{ users(first: 9) { edges { cursor node { username jobCounts { count }
       jobs(first: 3, filter: { status: COMPLETED }) { edges { node { ${job} } } totalCount } } } } }`,
  'older users': ({ after }) =>
    `{ users(first: 9, after: "${after}") { totalCount edges { node { email } } } }`,
  'active users': () =>
    '{ users(filter: { isActive: true }, orderBy: { field: LAST_LOGIN }) { edges { node { email } } } }',
  'what users did': () =>
    `{ users(first: 9) { edges { node {
       auditLogs(first: 3, filter: { timestamp: { from: "2025-02-01T00:00:00Z" } }) {
         edges { node { eventType } } totalCount } } } } }`,
  'the audit log': () =>
    '{ auditLogs(first: 3) { edges { cursor node { eventType user { username } } } totalCount } }',
  'earlier entries': ({ after }) =>
    `{ auditLogs(filter: { clientIp: "192.0.2.1" }, after: "${after}") { edges { node { eventType } } } }`,
  'single nodes': ({ segment, auditLog }) =>
    `{ nodes(ids: ["${segment}", "${auditLog}"]) { ... on Segment { job { model } } ... on AuditLog { severity } } }`,
  'found jobs': () =>
    '{ searchJobs(query: "walk", first: 3) { edges { node { highlight { text } job { model } } } } }',
  'found pieces of transcripts': () =>
    '{ searchSegments(query: "walk", first: 3) { edges { node { segment { text } } } } }',
};

interface Prepared {
  statement: string;
  generic_plans: number;
  custom_plans: number;
}

/** Only PostgreSQL tells what it has prepared. */
const onPostgres = databases.filter(({ name }) => name === 'PostgreSQL');

describe.each(onPostgres)('prepared statements on $name', (kind) => {
  let database: TestDatabase;
  let api: WalkApi;

  beforeAll(async () => {
    database = await walkDatabase(kind, 1);
    // What is prepared belongs to a connection, so there is one alone.
    api = await startWalkApi(database, { poolSize: 1 });
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  test('of the main queries are planned once for all values', async () => {
    const segments: { id: number }[] = await api.db('segments').select('id').limit(TIMES);
    api.forgetStatements();
    for (const [index, { id }] of segments.entries()) {
      const asked: Asked = {
        user: globalId('User', index + 1),
        job: globalId('Job', `b-${index + 3}`),
        segment: globalId('Segment', id),
        auditLog: globalId('AuditLog', index + 1),
        after: null,
      };
      for (const query of Object.values(queries)) {
        const data = await api.viewer.query(query(asked));
        asked.after = /"cursor":"([^"]+)"/.exec(JSON.stringify(data))?.[1] ?? null;
      }
    }
    const sent = new Set(api.statements.map(({ sql }) => sql));
    const { rows }: { rows: Prepared[] } = await api.db.raw(
      'SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements WHERE generic_plans + custom_plans >= ?',
      [TIMES],
    );
    const planned = rows.filter(({ statement }) => sent.has(statement));
    expect(planned.length).toBeGreaterThan(30);
    expect(planned.filter((row) => row.generic_plans === 0 || row.custom_plans > 5)).toEqual([]);
  });

  test('expect several statuses and models, and many jobs of a user, whatever a sample has', async () => {
    await api.db('jobs').update({ status: 'completed', model: 'small' });
    await api.db.raw('ANALYZE jobs');
    const expected: Record<string, number> = await api
      .db('pg_stats')
      .where({ tablename: 'jobs' })
      .whereIn('attname', ['status', 'model', 'user_id'])
      .then((rows) => Object.fromEntries(rows.map((row) => [row.attname, row.n_distinct])));
    expect(expected).toEqual({ status: 11, model: 10, user_id: expect.closeTo(-0.005) });
  });

  test('are given up with their connection when it has more than 500', async () => {
    for (let number = 0; number < 600; number += 1) await api.db.raw(`SELECT ${number}`);
    const prepared = await api.db('pg_prepared_statements').select('name');
    expect(prepared.length).toBeGreaterThan(50);
    expect(prepared.length).toBeLessThan(150);
  });

  test('give the same rows when their columns are known already', async () => {
    const send = async (value: number) => {
      const { rows, rowCount, command } = await api.db.raw(
        `SELECT ?::int AS number, 2.5::float8 AS real, 12345678901::int8 AS big, 'é' AS text, true AS yes,
                NULL::text AS nothing, '{"a": [1]}'::jsonb AS json, '2026-03-01 12:00:00.5+00'::timestamptz AS time`,
        [value],
      );
      return { rows, rowCount, command };
    };
    const expected = (number: number) => ({
      rows: [
        {
          ...{ number, real: 2.5, big: 12345678901, text: 'é', yes: true, nothing: null },
          ...{ json: { a: [1] }, time: '2026-03-01T12:00:00.500Z' },
        },
      ],
      rowCount: 1,
      command: 'SELECT',
    });
    expect(await send(1)).toEqual(expected(1));
    expect(await send(2)).toEqual(expected(2));
  });

  test('tell what they changed, with rows and without', async () => {
    const config = () => api.db('config');
    const entry = { key: 'prepared', updated_at: '2026-03-01T12:00:00.000Z' };
    for (const value of ['one', 'two']) {
      expect(
        await config()
          .insert({ ...entry, value })
          .returning('value'),
      ).toEqual([{ value }]);
      expect(await config().where({ key: 'prepared' }).update({ value })).toBe(1);
      expect(await config().where({ key: 'prepared' }).delete()).toBe(1);
      expect(await config().where({ key: 'prepared' }).delete()).toBe(0);
    }
  });

  test('can be sent again after they failed, where they did and how often', async () => {
    const divide = async (statement: string, by: unknown): Promise<unknown> => {
      const { rows } = await api.db.raw(statement, [by as number]);
      return rows[0].quotient;
    };
    const [first, second, third] = ['SELECT 6', 'SELECT 12', 'SELEC 6'].map(
      (start) => `${start} / ?::int AS quotient`,
    );
    for (const wrong of [0, 'x', 0]) {
      await expect(divide(String(first), wrong)).rejects.toThrow();
      await expect(divide(String(second), wrong === 0 ? 'x' : 0)).rejects.toThrow();
      await expect(divide(String(third), 1)).rejects.toThrow('syntax error');
      expect(await divide(String(first), 2)).toBe(3);
      expect(await divide(String(second), 3)).toBe(4);
    }
  });

  test('fail alone where a row of theirs cannot be read', async () => {
    // What PostgreSQL writes as JSON is JSON, so this takes a parser that refuses it.
    const connection = await api.db.client.acquireConnection();
    try {
      const refusing = sendNamed(connection, {
        ...{ name: 'refused', text: 'SELECT generate_series(1, 3) AS number', values: [] },
        asArrays: false,
        parserOf: () => () => {
          throw new Error('unreadable');
        },
      });
      await expect(refusing).rejects.toThrow('unreadable');
      const { rows } = await connection.query('SELECT 1 AS number');
      expect(rows).toEqual([{ number: 1 }]);
    } finally {
      await api.db.client.releaseConnection(connection);
    }
  });

  test('are asked for their columns once', async () => {
    const connection = await api.db.client.acquireConnection();
    let described = 0;
    connection.connection.on('rowDescription', () => {
      described += 1;
    });
    await api.db.client.releaseConnection(connection);
    for (let time = 0; time < 5; time += 1) await api.db('jobs').where({ id: `j-${time}` });
    expect(described).toBe(1);
  });
});
