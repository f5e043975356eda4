import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { graphql } from './graphql/gql.ts';
import { startApi, type TestApi, useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const report =
  graphql(`query Activity($only: SessionSelection, $minimumSeconds: Float, $first: Int) {
  performance {
    activity {
      unavailableBecause
      sessions(only: $only, minimumSeconds: $minimumSeconds, first: $first) {
        pid startedAt applicationName userName clientAddress state stateSeconds transactionSeconds
        queryStartedAt query waitEventType waitEvent blockedByPids
      }
      connections { applicationName userName clientAddress state count }
    }
  }
}`);

const terminate =
  graphql(`mutation Terminate($pid: Int!, $startedAt: DateTime!, $queryStartedAt: DateTime, $how: Termination) {
  terminateQuery(pid: $pid, startedAt: $startedAt, queryStartedAt: $queryStartedAt, how: $how) {
    ... on TerminateQuerySuccess { data { pid query } }
    ... on MaintenanceFailedError { message }
  }
}`);

const [sqlite, postgres] = databases;
if (!sqlite || !postgres) throw new Error('a database is missing');

/** The address of the database, with other parts. */
function urlOf(
  api: TestApi,
  parts: { username?: string; password?: string; pathname?: string } = {},
) {
  const { address } = api.config.database;
  return Object.assign(new URL(address.kind === 'postgres' ? address.url : ''), parts).href;
}

async function administratorOf(api: TestApi) {
  return (await api.given.administrator()).as;
}

describe('activity on SQLite', () => {
  const api = useApi(sqlite);

  test('there are no sessions, and it says why', async () => {
    const as = await administratorOf(api);
    const { activity } = (await as.query(report, {})).performance;
    expect(activity).toMatchObject({ sessions: [], connections: [] });
    expect(activity.unavailableBecause).toContain('SQLite has no sessions');
    const variables = { pid: 1, startedAt: new Date().toISOString() };
    expect((await as.query(terminate, variables)).terminateQuery).toMatchObject({
      message: expect.stringContaining('SQLite has no sessions'),
    });
    expect(await api.db('audit_logs').where('event_type', 'like', 'query_%')).toEqual([]);
  });
});

describe('activity on PostgreSQL', () => {
  const api = useApi(postgres);
  let as: Client;
  beforeAll(async () => {
    as = await administratorOf(api);
  });

  /** A session of somebody else, under a name. */
  async function session(name: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: urlOf(api), application_name: name });
    // A session that is ended says so here, too.
    client.on('error', () => {});
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  }

  type Variables = NonNullable<Parameters<typeof activityWith>[0]>;
  async function activityWith(variables: {
    only?: 'BLOCKED' | 'BLOCKING' | 'IDLE_IN_TRANSACTION' | 'ACTIVE' | 'IDLE';
    minimumSeconds?: number;
    first?: number;
  }) {
    return (await as.query(report, variables)).performance.activity;
  }

  /** The one session of that name, as soon as it is in that selection. */
  async function seen(name: string, variables: Variables = {}) {
    return vi.waitFor(
      async () => {
        const { sessions } = await activityWith(variables);
        const found = sessions.find(({ applicationName }) => applicationName === name);
        if (!found?.startedAt) throw new Error(`${name} is not seen`);
        return { ...found, startedAt: found.startedAt };
      },
      { timeout: 10_000, interval: 20 },
    );
  }

  /** What a statement ends with, where that is an error. */
  const failure = (statement: Promise<unknown>): Promise<Error> =>
    statement.then(
      () => Promise.reject(new Error('it ended well')),
      (error: Error) => error,
    );

  const entries = () =>
    api.db('audit_logs').where('resource_type', 'database_session').orderBy('id');

  test('who blocks whom is told, and not who only waits for a client', async () => {
    const holder = await session('holder');
    const waiter = await session('waiter');
    await holder.query(`INSERT INTO config VALUES ('lock', 'a', now())`);
    await holder.query('BEGIN');
    await holder.query(`UPDATE config SET value = 'b' WHERE key = 'lock'`);
    const waiting = waiter.query(`UPDATE config SET value = 'secret' WHERE key = 'lock'`);
    const blocked = await seen('waiter', { only: 'BLOCKED' });
    const blocking = await seen('holder', { only: 'BLOCKING' });
    expect(blocked).toMatchObject({
      state: 'active',
      waitEventType: 'Lock',
      blockedByPids: [blocking.pid],
      query: 'UPDATE config SET value = ? WHERE key = ?',
    });
    expect(blocking).toMatchObject({ state: 'idle in transaction', blockedByPids: [] });
    expect((await activityWith({ only: 'BLOCKED' })).sessions).toHaveLength(1);
    await holder.query('COMMIT');
    await waiting;
  });

  test('idle in transaction, and for how long', async () => {
    const forgetful = await session('forgetful');
    await forgetful.query('BEGIN');
    await forgetful.query('SELECT 1');
    const found = await seen('forgetful', { only: 'IDLE_IN_TRANSACTION' });
    expect(found.transactionSeconds).toBeGreaterThan(0);
    const { sessions } = await activityWith({ only: 'IDLE_IN_TRANSACTION', minimumSeconds: 3600 });
    expect(sessions).toEqual([]);
    await forgetful.query('ROLLBACK');
  });

  test('values of what runs are not shown, nor what is left of one that was cut off', async () => {
    const talker = await session('talker');
    await talker.query(`SELECT 'secret', $1::text, 4711`, ['secret']);
    expect((await seen('talker')).query).toBe('SELECT ?, ?::text, ?');
    await talker.query(`SELECT '${'secret '.repeat(400)}'`);
    const { query } = await seen('talker');
    expect(query).toMatch(/^SELECT \?/);
    expect(query).not.toContain('secret');
  });

  test('connections by source; ours by its name', async () => {
    await session('crowd');
    await session('crowd');
    const { connections } = await activityWith({});
    expect(connections).toContainEqual({
      applicationName: 'crowd',
      userName: 'postgres',
      clientAddress: '127.0.0.1',
      state: 'idle',
      count: 2,
    });
    const names = connections.map(({ applicationName }) => applicationName);
    expect(names).toContain('whisper-transcriber-api');
  });

  test('a page has so many, at most 100', async () => {
    await session('one');
    expect((await activityWith({ first: 1 })).sessions).toHaveLength(1);
    expect(await as.refusal(report, { first: 101 })).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('a statement is cancelled, the session stays, and the audit log has both', async () => {
    const sleeper = await session('sleeper');
    const sleeping = failure(sleeper.query(`SELECT pg_sleep(600), 'secret'`));
    const { pid, startedAt, queryStartedAt } = await seen('sleeper', { only: 'ACTIVE' });
    const { terminateQuery } = await as.query(terminate, { pid, startedAt, queryStartedAt });
    expect(terminateQuery).toEqual({ data: { pid, query: 'SELECT pg_sleep(?), ?' } });
    expect((await sleeping).message).toBe('canceling statement due to user request');
    expect((await sleeper.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    const [entry] = (await entries()).slice(-1);
    expect(entry).toMatchObject({
      event_type: 'query_terminated',
      resource_id: String(pid),
      endpoint: 'Terminate',
      details: 'cancel, sleeper as postgres: SELECT pg_sleep(?), ?',
    });
  });

  test('a session is ended where that is asked for', async () => {
    const sleeper = await session('ended');
    const sleeping = failure(sleeper.query('SELECT pg_sleep(600)'));
    const { pid, startedAt } = await seen('ended', { only: 'ACTIVE' });
    await as.query(terminate, { pid, startedAt, how: 'TERMINATE' });
    expect((await sleeping).message).toMatch(/terminat/);
    const { sessions } = await activityWith({ first: 100 });
    expect(sessions.map((one) => one.pid)).not.toContain(pid);
  });

  test('another session that has the number now is left alone', async () => {
    const sleeper = await session('reused');
    const sleeping = failure(sleeper.query('SELECT pg_sleep(600)'));
    const { pid, startedAt, queryStartedAt } = await seen('reused', { only: 'ACTIVE' });
    const before = (await entries()).length;
    const earlier = new Date(Date.parse(startedAt) - 1).toISOString();
    expect(await as.refusal(terminate, { pid, startedAt: earlier })).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(`pid ${pid} and began at ${earlier}`),
    });
    expect(await entries()).toHaveLength(before);
    const another = new Date(Date.parse(queryStartedAt ?? '') - 1).toISOString();
    const variables = { pid, startedAt, queryStartedAt: another };
    expect(await as.refusal(terminate, variables)).toMatchObject({ code: 'NOT_FOUND' });
    const types = (await entries()).slice(before).map(({ event_type }) => event_type);
    expect(types).toEqual(['query_terminated', 'query_terminated_failed']);
    expect(await seen('reused', { only: 'ACTIVE' })).toMatchObject({ pid, queryStartedAt });
    await as.query(terminate, { pid, startedAt });
    await sleeping;
  });

  test('what runs nothing has nothing to cancel', async () => {
    await session('idler');
    const { pid, startedAt } = await seen('idler');
    const { terminateQuery } = await as.query(terminate, { pid, startedAt });
    expect(terminateQuery).toMatchObject({ message: expect.stringContaining('it is idle') });
  });

  test('a session of another database does not exist here', async () => {
    const stranger = new pg.Client({
      connectionString: urlOf(api, { pathname: '/postgres' }),
      application_name: 'stranger',
    });
    await stranger.connect();
    onTestFinished(() => stranger.end());
    const { rows } = await stranger.query<{ pid: number; started_at: Date }>(
      'SELECT pid, backend_start AS started_at FROM pg_stat_activity WHERE pid = pg_backend_pid()',
    );
    const [{ pid, started_at } = { pid: 0, started_at: new Date() }] = rows;
    const { sessions } = await activityWith({ first: 100 });
    expect(sessions.map((one) => one.pid)).not.toContain(pid);
    const variables = { pid, startedAt: started_at.toISOString(), how: 'TERMINATE' as const };
    expect(await as.refusal(terminate, variables)).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('what the role of the service may not see or do is said', async () => {
    const name = `limited_${randomBytes(6).toString('hex')}`;
    await api.db.raw(`CREATE ROLE ${name} LOGIN PASSWORD 'limited'`);
    await api.db.raw(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${name}`);
    const limited = await startApi({
      address: { kind: 'postgres', url: urlOf(api, { username: name, password: 'limited' }) },
      drop: async () => {},
    });
    onTestFinished(async () => {
      await limited.stop();
      await api.db.raw(`DROP OWNED BY ${name}`);
      await api.db.raw(`DROP ROLE ${name}`);
    });
    await session('target');
    const target = await seen('target');
    const { as: administrator } = await limited.given.administrator();
    const seenByLimited = async () =>
      (await administrator.query(report, { first: 100 })).performance.activity.sessions.find(
        ({ pid }) => pid === target.pid,
      );
    expect(await seenByLimited()).toMatchObject({
      userName: 'postgres',
      startedAt: null,
      state: null,
      query: '<insufficient privilege>',
    });
    await api.db.raw(`GRANT pg_read_all_stats TO ${name}`);
    expect(await seenByLimited()).toMatchObject({ startedAt: target.startedAt, state: 'idle' });
    const { pid, startedAt } = target;
    const variables = { pid, startedAt, how: 'TERMINATE' as const };
    expect((await administrator.query(terminate, variables)).terminateQuery).toMatchObject({
      message: expect.stringMatching(/^The database refused: permission denied to terminate/),
    });
    expect((await entries()).map(({ event_type }) => event_type).slice(-2)).toEqual([
      'query_terminated',
      'query_terminated_failed',
    ]);
  });

  test('is for administrators', async () => {
    const { as: user } = await api.given.user();
    const { as: worker } = await api.given.worker();
    const variables = { pid: 1, startedAt: new Date().toISOString() };
    for (const client of [user, worker]) {
      expect(await client.refusal(report, {})).toMatchObject({ code: 'FORBIDDEN' });
      expect(await client.refusal(terminate, variables)).toMatchObject({ code: 'FORBIDDEN' });
    }
  });
});
