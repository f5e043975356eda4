import { beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../src/logger.ts';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

const LOGIN = `mutation LogIn($username: String!, $password: String!) {
  login(username: $username, password: $password) { ... on LoginSuccess { data { token } } }
}`;
const requestLine = {
  level: 30,
  time: expect.any(Number),
  pid: expect.any(Number),
  hostname: expect.any(String),
  requestId: expect.stringMatching(/^[\w-]{36}$/),
  method: 'POST',
  operation: null,
  client: null,
  status: 200,
  durationMs: expect.any(Number),
  msg: 'Answered',
};

/** A log that a test can read: its lines, and those that a server wrote since. */
function capturedLog() {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger('info', { write: (line) => lines.push(JSON.parse(line)) });
  /** The lines, as soon as there are so many: an answer may arrive before its line. */
  const read = async (count: number) => {
    await expect.poll(() => lines.length).toBeGreaterThanOrEqual(count);
    return [...lines];
  };
  beforeEach(() => {
    lines.length = 0;
  });
  return { logger, read };
}

describe.each(databases)('the log on $name', (kind) => {
  const { logger, read } = capturedLog();
  const api = useApi(kind, { logger });

  test('has one line a request, with what it was and what it took', async () => {
    const client = api.client.with({ 'graphql-client-name': 'web' });
    const { headers } = await client.send('query WhoAmI { viewer { id } }');
    expect(await read(1)).toEqual([
      {
        ...requestLine,
        requestId: headers.get('x-request-id'),
        operation: 'WhoAmI',
        client: 'web',
      },
    ]);
  });

  test('has a line for what is no operation too', async () => {
    await fetch(api.url, { method: 'POST', body: 'nothing' });
    expect(await read(1)).toEqual([{ ...requestLine, status: 415 }]);
  });

  test('has no variables, tokens or names of people', async () => {
    const { as, user } = await api.given.user();
    await as.query(`query Me { viewer { username } }`);
    await as.query(LOGIN, { username: user.username, password: 'a very secret one' });
    const text = JSON.stringify(await read(2));
    expect(text).toContain('LogIn');
    expect(text).not.toContain(user.username);
    expect(text).not.toContain('secret');
    expect(text).not.toContain('Bearer');
  });

  test('names the request on each line that it causes, without the rows of the database', async () => {
    const { as, user } = await api.given.user();
    const job = await api.given.job({ user });
    await api.db('jobs').where({ id: job.id }).update({ status: 'unheard_of' });
    const { headers } = await as.send('query Jobs { jobs { edges { node { status } } } }');
    const requestId = headers.get('x-request-id');
    expect(await read(2)).toMatchObject([
      { level: 50, requestId, err: { message: expect.any(String) } },
      { level: 30, requestId, operation: 'Jobs' },
    ]);
  });

  test('takes no request id from a stranger', async () => {
    const client = api.client.with({ 'x-request-id': 'chosen-by-me' });
    const { headers } = await client.send('{ viewer { id } }');
    expect(headers.get('x-request-id')).not.toBe('chosen-by-me');
    expect(await read(1)).toEqual([requestLine]);
  });

  test('is silent about who looks after its health', async () => {
    await fetch(new URL('/health/live', api.url));
    await fetch(new URL('/health/ready', api.url));
    await api.client.send('{ viewer { id } }');
    expect(await read(1)).toHaveLength(1);
  });
});

describe.each(databases)('the log behind a proxy that is trusted on $name', (kind) => {
  const { logger, read } = capturedLog();
  const api = useApi(kind, { logger, config: { trustProxy: true } });

  test('has the id that the proxy gave', async () => {
    const client = api.client.with({ 'x-request-id': 'edge.1:42' });
    const { headers } = await client.send('{ viewer { id } }');
    expect(headers.get('x-request-id')).toBe('edge.1:42');
    expect(await read(1)).toEqual([{ ...requestLine, requestId: 'edge.1:42' }]);
  });

  test.each([['a space in it'], ['{"level":60}'], ['x'.repeat(101)]])(
    'has an id of its own in place of "%s"',
    async (id) => {
      const { headers } = await api.client.with({ 'x-request-id': id }).send('{ viewer { id } }');
      expect(headers.get('x-request-id')).not.toBe(id);
      expect(await read(1)).toEqual([requestLine]);
    },
  );
});
