import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../src/logger.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { globalId } from './harness/given.ts';

const LOGIN = 'mutation { login(username: "x", password: "y") { __typename } }';
const JOBS =
  'query ($filter: JobFilter, $first: Int) { jobs(filter: $filter, first: $first) { edges { node { id } } } }';

describe.each(databases)('bad input on $name', (kind) => {
  const api = useApi(kind);
  let as: Client;
  beforeAll(async () => {
    ({ as } = await api.given.user());
    await as.query('{ viewer { id } }');
    api.forgetStatements();
  });

  const literals: [string, string][] = [
    ['GRAPHQL_PARSE_FAILED', '{ jobs '],
    ['GRAPHQL_PARSE_FAILED', ''],
    ['GRAPHQL_VALIDATION_FAILED', '{ nope }'],
    ['GRAPHQL_VALIDATION_FAILED', '{ jobs { nope } }'],
    ['GRAPHQL_VALIDATION_FAILED', '{ jobs }'],
    ['GRAPHQL_VALIDATION_FAILED', '{ job { id } }'],
    ['GRAPHQL_VALIDATION_FAILED', 'query ($id: ID!) { viewer { id } }'],
    ['GRAPHQL_VALIDATION_FAILED', '{ jobs(filter: { status: NOPE }) { totalCount } }'],
    ['GRAPHQL_VALIDATION_FAILED', '{ jobs(filter: { status: "QUEUED" }) { totalCount } }'],
    ['GRAPHQL_VALIDATION_FAILED', '{ jobs(first: "many") { totalCount } }'],
    ['GRAPHQL_VALIDATION_FAILED', '{ jobStatistics(from: "yesterday") { count } }'],
    ['GRAPHQL_VALIDATION_FAILED', '{ jobStatistics(from: "2026-02-30T12:00:00Z") { count } }'],
    ['BAD_REQUEST', 'query A { viewer { id } } query B { viewer { id } }'],
    ['BAD_REQUEST', 'fragment F on User { id }'],
  ];

  test.each(literals)('answers %s to %j and sends no SQL', async (code, operation) => {
    const { errors, data } = await as.send(operation);
    expect(data).toBeNull();
    expect(errors[0]?.extensions.code).toBe(code);
    expect(api.statements).toEqual([]);
  });

  const variables: [object, RegExp][] = [
    [{ filter: { status: 'NOPE' } }, /"\$filter".*at "filter.status".*"NOPE"/],
    [{ filter: { createdAt: { from: 'yesterday' } } }, /at "filter.createdAt.from".*yesterday/],
    [{ filter: { createdAt: { to: '2026-02-30T12:00:00Z' } } }, /at "filter.createdAt.to"/],
    [{ filter: { nope: 1 } }, /"nope" is not defined/],
    [{ filter: 'all' }, /"\$filter" got invalid value "all"/],
    [{ filter: { fileSizeBytes: { from: 1.5 } } }, /at "filter.fileSizeBytes.from"/],
    [{ filter: { userId: 'nonsense' } }, /"nonsense" is not an id of this API/],
    [{ filter: { userId: globalId('Job', 'aa') } }, /is not of type: User/],
    [{ first: 'many' }, /"\$first" got invalid value "many"/],
    [{ first: 2 ** 31 }, /"\$first" got invalid value 2147483648/],
  ];

  test.each(variables)('names what is wrong with the variables %j', async (values, message) => {
    const refusal = await as.refusal(JOBS, values);
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(refusal.message).toMatch(message);
    expect(api.statements).toEqual([]);
  });

  describe('a job id', () => {
    const query = 'query ($id: ID!) { job(id: $id) { id } node(id: $id) { id } }';

    test('of another user’s job is as good as none', async () => {
      const other = await api.given.user();
      const { globalId: id } = await api.given.job({ user: other.user });
      const unknown = globalId('Job', 'aa');
      for (const asked of [id, unknown]) {
        expect(await as.query(query, { id: asked })).toEqual({ job: null, node: null });
      }
    });

    test.each([
      ['of a user', globalId('User', 1)],
      ['of no type', globalId('Nope', 1)],
      ['that is none', 'nonsense'],
      ['with SQL in it', globalId('Job', "' OR 1=1")],
      ['that is empty', ''],
    ])('%s is told to be none', async (_, id) => {
      const refusal = await as.refusal('query ($id: ID!) { job(id: $id) { id } }', { id });
      expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT' });
    });
  });

  describe('a request', () => {
    const json = { 'content-type': 'application/json' };
    const query = encodeURIComponent('{ viewer { id } }');
    const requests: Record<string, { path?: string; init?: RequestInit; status: number }> = {
      'with broken JSON': { init: { headers: json, body: '{"query": ' }, status: 400 },
      'with a list of operations': { init: { headers: json, body: '[]' }, status: 400 },
      'with null': { init: { headers: json, body: 'null' }, status: 400 },
      'with a query that is no text': { init: { headers: json, body: '{"query":5}' }, status: 400 },
      'with variables that are none': {
        init: { headers: json, body: '{"query":"{ viewer { id } }","variables":"x"}' },
        status: 400,
      },
      'for an operation that is not there': {
        init: { headers: json, body: '{"query":"query A { viewer { id } }","operationName":"B"}' },
        status: 400,
      },
      'by PUT': { init: { method: 'PUT', headers: json, body: '{}' }, status: 405 },
      'by GET for a mutation': {
        path: `?query=${encodeURIComponent(LOGIN)}`,
        init: { method: 'GET' },
        status: 405,
      },
      'by GET with broken variables': {
        path: `?query=${query}&variables={`,
        init: { method: 'GET' },
        status: 400,
      },
    };

    test.each(Object.entries(requests))('%s is BAD_REQUEST', async (_, { path, init, status }) => {
      const answer = await fetch(`${api.url}${path ?? ''}`, { method: 'POST', ...init });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
      expect(await answer.json()).toMatchObject({
        errors: [{ extensions: { code: 'BAD_REQUEST' } }],
      });
    });

    test('without a query is BAD_REQUEST', async () => {
      const answer = await fetch(api.url, { method: 'POST', headers: json, body: '{}' });
      expect(await answer.json()).toMatchObject({
        errors: [{ message: 'Must provide query string.', extensions: { code: 'BAD_REQUEST' } }],
      });
    });

    test('of another content type is refused', async () => {
      const headers = { 'content-type': 'text/plain' };
      const answer = await fetch(api.url, { method: 'POST', headers, body: '{ viewer { id } }' });
      expect(answer.status).toBe(415);
    });
  });
});

describe.each(databases)('an unexpected failure on $name', (kind) => {
  const log: string[] = [];
  const logger = createLogger('error', { write: (line) => log.push(line) });
  const api = useApi(kind, { logger });

  test('of a value in the database that the schema does not have is masked too', async () => {
    const { as, user } = await api.given.user();
    await api.given.job({ user });
    await api.db('jobs').where({ user_id: user.id }).update({ status: 'unheard_of' });
    const refusal = await as.refusal('{ jobs { edges { node { status } } } }');
    expect(refusal).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    expect(refusal.message).not.toContain('unheard_of');
  });

  test('is masked, and the log has its cause under the request’s id', async () => {
    const { as, user } = await api.given.user();
    const job = await api.given.job({ user });
    log.length = 0;
    await api.db.schema.renameTable('metadata', 'lost');
    const answer = await as.send(
      `{ node(id: "${job.globalId}") { id ... on Job { metadata { language } } } }`,
    );
    const requestId = answer.headers.get('x-request-id');
    expect(answer.data).toEqual({ node: { id: job.globalId, metadata: null } });
    expect(answer.errors).toMatchObject([
      {
        message: 'Something went wrong here. The log has the cause under this request id.',
        path: ['node', 'metadata'],
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
      },
    ]);
    expect(log.map((line) => JSON.parse(line))).toMatchObject([
      { requestId, err: { message: expect.stringContaining('metadata') } },
    ]);
  });
});

describe('a PostgreSQL that goes away', () => {
  const postgres = databases.filter(({ name }) => name === 'PostgreSQL');

  describe.each(postgres)('while the service runs', (kind) => {
    const log: string[] = [];
    const logger = createLogger('error', { write: (line) => log.push(line) });
    const api = useApi(kind, { logger });
    let as: Client;
    beforeAll(async () => {
      ({ as } = await api.given.user());
    });

    /** From a connection that the service does not have; `name` is that of its database. */
    async function outside(sql: (name: string) => string): Promise<void> {
      const { address } = api.config.database;
      if (address.kind !== 'postgres') throw new Error('this is for PostgreSQL');
      const url = new URL(address.url);
      const name = url.pathname.slice(1);
      url.pathname = 'postgres';
      const client = new pg.Client(url.href);
      await client.connect();
      await client.query(sql(name)).finally(() => client.end());
    }

    const endConnections = (condition: string) =>
      outside(
        (name) => `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = '${name}' AND ${condition}`,
      );

    const masked = [
      {
        message: 'Something went wrong here. The log has the cause under this request id.',
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: expect.any(String) },
      },
    ];

    test('and cuts idle connections: the next requests work', async () => {
      await Promise.all(Array.from({ length: 4 }, () => as.query(JOBS)));
      await endConnections('true');
      const answers = await Promise.all(Array.from({ length: 4 }, () => as.send(JOBS)));
      for (const { errors } of answers) if (errors.length > 0) expect(errors).toMatchObject(masked);
      await as.query(JOBS);
    });

    test('and cuts a running statement: that request is masked, the next works', async () => {
      const hold = await api.db.transaction();
      await hold.raw('LOCK TABLE jobs');
      const running = as.send(JOBS);
      const waiting = "wait_event_type = 'Lock'";
      await expect
        .poll(() =>
          api.db('pg_stat_activity').whereRaw(`datname = current_database() AND ${waiting}`),
        )
        .toHaveLength(1);
      log.length = 0;
      await endConnections(waiting);
      const answer = await running;
      const requestId = answer.headers.get('x-request-id');
      expect(answer.errors).toMatchObject([
        { extensions: { code: 'INTERNAL_SERVER_ERROR', requestId } },
      ]);
      expect(JSON.stringify(answer.errors)).not.toContain('terminating');
      expect(log.join()).toContain('terminating');
      await hold.rollback();
      await as.query(JOBS);
    });

    test('for a while: requests are masked until it comes back', async () => {
      await outside((name) => `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await endConnections('true');
      for (const _ of ['once', 'again']) expect((await as.send(JOBS)).errors).toMatchObject(masked);
      expect(await api.client.query('{ viewer { id } }')).toEqual({ viewer: null });
      await outside((name) => `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await as.query(JOBS);
    });
  });
});
