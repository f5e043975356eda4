import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { serverAudits } from 'graphql-http';
import { beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../src/schema/index.ts';
import type { AppOptions } from '../src/server.ts';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';
import { walkOperations } from './walk/operations.ts';
import { variablesFor } from './walk/rows.ts';

/** How the body is sent: only where it says how long it is, a light request is made of it. */
type Way = 'declared' | 'chunked';

const ways = ['declared', 'chunked'] as const;

interface Sent {
  body: string | Buffer;
  headers?: Record<string, string>;
}

/** What a plugin that reads all there is finds in a request. */
interface Read {
  text: string;
  headers: [string, string][];
  other: unknown[];
}

describe('a short request in JSON, on the light way and on the usual one', () => {
  const [sqlite] = databases;
  if (!sqlite) throw new Error('there is no database');
  const read: Read[] = [];
  const curious: NonNullable<AppOptions['plugins']>[number] = {
    async onRequest({ request }) {
      if (!request.headers.has('x-curious')) return;
      const { url, method, mode, cache, redirect, credentials, bodyUsed } = request;
      const copy = request.clone();
      read.push({
        text: await copy.text(),
        headers: [...request.headers].filter(([name]) => !/length|encoding/.test(name)),
        other: [url, method, mode, cache, redirect, credentials, bodyUsed, request.signal.aborted],
      });
    },
  };
  let heard: string[] = [];
  const note =
    (name: string, after?: object) =>
    (payload: object): unknown => {
      heard.push(`${name}: ${Object.keys(payload).sort()}`);
      return after;
    };
  /** Told of all that happens; what it does itself is in the header `x-do`. */
  const listening = {
    onEnveloped: note('onEnveloped'),
    onParse: (payload: object) => note('onParse', note('parsed'))(payload),
    onValidate: (payload: object) => note('onValidate', note('validated'))(payload),
    onContextBuilding(payload: { context: { request: Request } }) {
      note('onContextBuilding')(payload);
      if (payload.context.request.headers.get('x-do') === 'fail') throw new Error('no context');
    },
    onExecute(payload: {
      context: { request: Request };
      setExecuteFn(next: unknown): void;
      setResultAndStopExecution(result: object): void;
    }) {
      note('onExecute')(payload);
      const deed = payload.context.request.headers.get('x-do');
      if (deed === 'stop') payload.setResultAndStopExecution({ data: { stopped: true } });
      if (deed === 'stream') {
        payload.setExecuteFn(async function* () {
          yield { data: { part: 1 } };
          yield { data: { part: 2 } };
        });
      }
      return {
        onExecuteDone: note('executed', {
          onNext(next: { result: { data: object }; setResult(result: object): void }) {
            note('onNext')(next);
            next.setResult({ data: { ...next.result.data, seen: true } });
          },
          onEnd: () => heard.push('onEnd'),
        }),
      };
    },
    onRequest: note('onRequest'),
    onRequestParse: note('onRequestParse', { onRequestParseDone: note('requestParsed') }),
    onParams: note('onParams'),
    onExecutionResult: note('onExecutionResult'),
    onResultProcess: note('onResultProcess'),
    onResponse: note('onResponse'),
    // What it is given depends on the hook, and it takes anything.
  } as unknown as typeof curious;
  // HTTP knows no database: one is enough.
  const api = useApi(sqlite, { plugins: [curious, listening] });
  let authorization: string;
  let variables: Record<string, unknown>;
  beforeAll(async () => {
    const { user, as } = await api.given.user({ role: 'admin' });
    await api.given.job({ user });
    await api.given.job({ user });
    authorization = as.headers.authorization ?? '';
    variables = await variablesFor(api.db, 3);
  });

  const headersOf = ({ date, 'x-request-id': id, ...headers }: IncomingHttpHeaders) => headers;

  async function answer(way: Way, { body, headers }: Sent) {
    const request = httpRequest(api.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(way === 'declared' && { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    });
    // Before the end nothing is known of the length, so it is sent in chunks.
    if (way === 'chunked') request.flushHeaders();
    request.end(body);
    const [response]: [IncomingMessage] = (await once(request, 'response')) as [IncomingMessage];
    const bytes = await buffer(response);
    return { status: response.statusCode, headers: headersOf(response.headers), bytes };
  }

  async function expectSame(sent: Sent): Promise<void> {
    const usual = await answer('chunked', sent);
    const { bytes, ...light } = await answer('declared', sent);
    expect({ ...light, text: String(bytes) }).toEqual({
      status: usual.status,
      headers: usual.headers,
      text: String(usual.bytes),
    });
  }

  const VIEWER = '{ viewer { username } }';
  const json = (query: unknown, rest: object = {}) => JSON.stringify({ query, ...rest });

  const bodies: Record<string, string | Buffer> = {
    'an operation': json(VIEWER),
    'an operation that is refused': json('{ nope }'),
    'an operation that does not parse': json('{ viewer'),
    'an operation that fails': json('{ job(id: "nonsense") { id } }'),
    'a mutation': json('mutation { login(username: "x", password: "y") { __typename } }'),
    'a named operation': json(`query A ${VIEWER} query B ${VIEWER}`, { operationName: 'B' }),
    'no operation of that name': json(VIEWER, { operationName: 'C' }),
    'no operation': '{}',
    'an operation that is no text': json(1),
    'variables that are no object': json(VIEWER, { variables: 'none' }),
    'an unknown member': json(VIEWER, { other: 1 }),
    'a subscription': json('subscription { jobChanged { id } }'),
    'several operations': `[${json(VIEWER)},${json(VIEWER)}]`,
    'no body': '',
    null: 'null',
    'a text': '"{}"',
    'a number': '1',
    'a list': '[]',
    'half an object': '{"query":"{ viewer',
    'bytes that are no UTF-8': Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    'a mark of the order of bytes': `\uFEFF${json(VIEWER)}`,
    'characters of four bytes': json('{ searchJobs(query: "😀 é") { totalCount } }'),
    'a NUL': json('{ searchJobs(query: "a\\u0000b") { totalCount } }'),
    'a megabyte': json(`# ${'x'.repeat(999_000)}\n${VIEWER}`),
    'more than a megabyte': json(`# ${'x'.repeat(1_000_000)}\n${VIEWER}`),
  };

  test.each(Object.entries(bodies))('gives the same answer to %s', async (_, body) => {
    await expectSame({ body });
    await expectSame({ body, headers: { authorization } });
  });

  const heads: Record<string, string>[] = [
    { 'content-type': 'application/json; charset=utf-8' },
    { 'content-type': 'application/json;charset=latin1' },
    { 'content-type': 'application/json, text/plain' },
    { 'content-type': 'application/jsonp' },
    { 'content-type': 'application/graphql+json' },
    { 'content-type': 'text/plain' },
    { 'content-type': '' },
    { accept: 'application/graphql-response+json' },
    { accept: 'application/graphql-response+json;q=0.5, application/json' },
    { accept: 'text/event-stream' },
    { accept: 'multipart/mixed' },
    { accept: 'text/html' },
    { origin: 'https://example.org' },
    { origin: 'https://example.org', 'access-control-request-headers': 'x-one' },
    { authorization: 'Bearer nonsense' },
    { authorization: 'Basic eDp5' },
    { 'x-query-cost': '1' },
    { 'content-encoding': 'gzip' },
    { constructor: 'x' },
  ];

  test.each(heads)('gives the same answer with the header %j', async (headers) => {
    await expectSame({ body: json(VIEWER), headers });
    await expectSame({ body: json('{ nope }'), headers: { authorization, ...headers } });
    // It is known by then what such a client accepts.
    await expectSame({ body: json(VIEWER), headers });
  });

  test("gives the same answer to each of the project's operations", async () => {
    // The monitor's figures are different each time they are asked for.
    const operations = walkOperations(createSchema(), 3).filter(
      ({ path }) => !path.startsWith('performance'),
    );
    expect(operations.length).toBeGreaterThan(50);
    for (const { query } of operations) {
      await expectSame({ body: JSON.stringify({ query, variables }), headers: { authorization } });
    }
  }, 60_000);

  async function audited(way: Way) {
    const audits = serverAudits({
      url: api.url,
      // The audits know nothing of credentials, and read only the schema.
      fetchFn: async (url: string, { body, ...init }: RequestInit = {}) =>
        fetch(url, {
          ...init,
          ...(typeof body === 'string' && {
            body: way === 'chunked' ? new Blob([body]).stream() : body,
            duplex: 'half',
          }),
        } as RequestInit),
    });
    const results = [];
    for (const { name, fn } of audits) {
      const result = await fn();
      const reason = 'reason' in result ? result.reason : '';
      const body = 'response' in result ? await result.response.clone().text() : '';
      results.push({ name, status: result.status, reason, body });
    }
    return results;
  }

  test('passes the audit of GraphQL over HTTP alike', async () => {
    const [light, usual] = await Promise.all(ways.map(audited));
    expect(light).toEqual(usual);
    expect(light?.filter(({ status }) => status === 'error')).toEqual([]);
    expect(light?.filter(({ status }) => status === 'ok').length).toBeGreaterThan(50);
  });

  test('shows a plugin all that Fetch has', async () => {
    read.length = 0;
    for (const way of ways) {
      const headers = { authorization, 'x-curious': '1', 'x-list': 'a, b' };
      const { status } = await answer(way, { body: json(VIEWER), headers });
      expect(status).toBe(200);
    }
    const [light, usual] = read;
    expect(light).toEqual(usual);
    expect(light?.text).toBe(json(VIEWER));
  });

  const deeds: Record<string, Record<string, string>> = {
    'a query': {},
    'one whose context fails': { 'x-do': 'fail' },
    'one that a plugin stops': { 'x-do': 'stop' },
    'one that a plugin makes a stream': { 'x-do': 'stream', accept: 'text/event-stream' },
  };

  test.each(Object.entries(deeds))('tells plugins the same of %s', async (_, headers) => {
    const told = async (way: Way): Promise<string[]> => {
      heard = [];
      const { status, bytes } = await answer(way, { body: json('{ __typename }'), headers });
      // Each request has an id of its own, which is in what went wrong.
      return [`${status} ${bytes}`.replace(/[0-9a-f-]{36}/, 'id'), ...heard];
    };
    const usual = await told('chunked');
    const light = await told('declared');
    expect(light).toEqual(usual);
    expect(usual.length).toBeGreaterThan(12);
  });

  /** A connection by which bytes are sent as they are. */
  async function rawConnection() {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname).setNoDelay();
    await once(socket, 'connect');
    return socket;
  }

  const head = (length: number): string =>
    `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n`;

  test('waits for a body that comes in pieces, in the middle of a character', async () => {
    const body = Buffer.from(json('{ __typename } # 😀'));
    const middle = body.indexOf(Buffer.from('😀')) + 2;
    const socket = await rawConnection();
    socket.write(`${head(body.length)}connection: close\r\n\r\n`);
    socket.write(body.subarray(0, middle));
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(body.subarray(middle));
    expect(String(await buffer(socket))).toMatch(
      /^HTTP\/1.1 200 [\s\S]*\{"data":\{"__typename":"Query"\}\}$/,
    );
  });

  test('forgets a client that goes away before its body has come', async () => {
    let answered = 0;
    api.app.monitor.onTrace(() => {
      answered += 1;
    });
    const socket = await rawConnection();
    socket.write(`${head(100)}\r\n{"query"`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.destroy();
    await once(socket, 'close');
    expect((await answer('declared', { body: json('{ __typename }') })).status).toBe(200);
    expect(answered).toBe(1);
  });

  test('answers several requests of one connection in their order', async () => {
    const bodies = ['a', 'b', 'c'].map((alias) => json(`{ ${alias}: __typename }`));
    const socket = await rawConnection();
    const requests = bodies.map((body, index) => {
      const last = index === bodies.length - 1 ? 'connection: close\r\n' : '';
      return `${head(body.length)}${last}\r\n${body}`;
    });
    socket.write(requests.join(''));
    const answers = String(await buffer(socket));
    expect([...answers.matchAll(/"(\w)":"Query"/g)].map(([, alias]) => alias)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });
});
