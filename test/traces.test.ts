import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Trace } from '../src/perf/trace.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { plantedSchema } from './harness/plantedSchema.ts';

const TRACE = `query Trace($id: String!) { performance { trace(id: $id) {
  id reason operationName operationHash client { name version } viewerId release failed errorCodes
  parseMs validateMs executeMs serializeMs totalMs queuedMs connectionWaitMs
  blame { ownMs waitingMs blamedMs entries { kind name operationName requestId lostMs } }
  resolvers { path field calls failed totalMs maxMs }
  statementCount
  statements { statement hash durationMs waitedMs rowCount failed loader batchSize askedBy }
  batches { loader keyCount cacheHits askedBy failed }
} } }`;

interface TraceAnswer {
  id: string;
  reason: string;
  operationName: string;
  operationHash: string;
  client: { name: string; version: string | null };
  viewerId: string | null;
  release: string;
  failed: boolean;
  errorCodes: string[];
  parseMs: number;
  validateMs: number;
  executeMs: number;
  serializeMs: number;
  totalMs: number;
  queuedMs: number;
  connectionWaitMs: number;
  blame: {
    ownMs: number;
    waitingMs: number;
    blamedMs: number;
    entries: { kind: string; name: string; operationName: string | null; lostMs: number }[];
  };
  resolvers: { path: string; field: string; calls: number; failed: number; maxMs: number }[];
  statementCount: number;
  statements: {
    statement: string;
    durationMs: number;
    rowCount: number;
    loader: string | null;
    batchSize: number | null;
    askedBy: string[];
  }[];
  batches: { loader: string; keyCount: number; cacheHits: number; askedBy: string[] }[];
}

/** The trace of what a client sends. */
async function traced(
  administrator: Client,
  client: Client,
  operation: string,
): Promise<TraceAnswer> {
  const { headers } = await client.send(operation);
  const id = headers.get('x-request-id');
  const { performance } = await administrator.query<
    { performance: { trace: TraceAnswer | null } },
    { id: string | null }
  >(TRACE, { id });
  if (!performance.trace) throw new Error(`request ${id} is not kept`);
  return performance.trace;
}

const monitor = { slowQueryMs: 1_000_000, sampleRate: 1, release: '1.2.3' };

describe.each(databases)('traces on $name', (kind) => {
  const api = useApi(kind, { config: { monitor }, schema: plantedSchema() });

  test('book a statement to the loader that sent it and to every resolver that asked', async () => {
    const { user, as } = await api.given.administrator();
    for (let count = 0; count < 20; count += 1) {
      await api.given.segments(await api.given.job({ user }), ['one']);
    }
    // Only the users of these jobs come by a loader: those of `jobs` are read along with them.
    const trace = await traced(
      as,
      as,
      `query Both { mine: jobs { edges { node { segments { edges { node { job { owner: user { username } } } } } } } }
                    again: jobs { edges { node { segments { edges { node { job { user { id } } } } } } } } }`,
    );
    expect(trace).toMatchObject({ operationName: 'Both', failed: false, release: '1.2.3' });
    const ofUsers = trace.statements.filter(({ loader }) => loader === 'userById');
    expect(ofUsers).toHaveLength(1);
    expect(ofUsers[0]).toMatchObject({
      statement: expect.stringContaining('from users'),
      rowCount: 1,
      batchSize: 1,
      askedBy: expect.arrayContaining([
        'mine.edges.*.node.segments.edges.*.node.job.owner',
        'again.edges.*.node.segments.edges.*.node.job.user',
      ]),
    });
    expect(trace.batches).toContainEqual(
      expect.objectContaining({ loader: 'userById', keyCount: 1, cacheHits: 39 }),
    );
    // A page of twenty is one entry.
    const ofUserField = trace.resolvers.filter(({ field }) => field === 'Job.user');
    expect(ofUserField.map(({ path }) => path).sort()).toEqual([
      'again.edges.*.node.segments.edges.*.node.job.user',
      'mine.edges.*.node.segments.edges.*.node.job.owner',
    ]);
    for (const span of ofUserField) expect(span).toMatchObject({ calls: 20, failed: 0 });
    const ofJobs = trace.statements.filter(({ loader }) => loader === null);
    // The viewer's look-up is asked for by no resolver. The two pages are asked for at once.
    const [viewer, ...pages] = ofJobs.map(({ askedBy }) => askedBy);
    expect(viewer).toEqual([]);
    expect(pages.toSorted()).toEqual([['again'], ['mine']]);
  });

  test('have one hash for an operation, whatever its values', async () => {
    const { as } = await api.given.administrator();
    const [one, two, other] = [
      await traced(as, as, 'query Page { jobs(first: 3) { edges { cursor } } }'),
      await traced(as, as, 'query Page {\n  jobs(first: 4) { edges { cursor } }\n}'),
      await traced(as, as, 'query Page { jobs(first: 3) { edges { node { id } } } }'),
    ];
    expect(one.operationHash).toMatch(/^[0-9a-f]{16}$/);
    expect(two.operationHash).toBe(one.operationHash);
    expect(other.operationHash).not.toBe(one.operationHash);
  });

  test.each(['graphql-client', 'apollographql-client'])(
    'know the client by %s-name',
    async (header) => {
      const { as, id } = await api.given.administrator();
      const client = as.with({ [`${header}-name`]: 'web', [`${header}-version`]: '7' });
      expect(await traced(as, client, '{ viewer { id } }')).toMatchObject({
        client: { name: 'web', version: '7' },
        viewerId: id,
      });
      expect(await traced(as, api.client, '{ __typename }')).toMatchObject({
        client: { name: 'unknown', version: null },
        viewerId: null,
      });
    },
  );

  test('of a failed request tell its codes', async () => {
    const { as } = await api.given.administrator();
    const refused = await traced(as, api.client, 'query Refused { jobs { edges { cursor } } }');
    expect(refused).toMatchObject({ failed: true, errorCodes: ['UNAUTHENTICATED'] });
    const invalid = await traced(as, api.client, '{ nothing }');
    expect(invalid).toMatchObject({ failed: true, errorCodes: ['GRAPHQL_VALIDATION_FAILED'] });
  });

  test('are in the answer for administrators who ask, and for nobody else', async () => {
    const { as } = await api.given.administrator();
    const { as: asUser } = await api.given.user();
    const header = { 'x-performance': '1' };
    const operation = 'query Mine { jobs(first: 1) { edges { node { id } } } }';

    const asked = await as.with(header).send(operation);
    expect(asked.extensions.performance).toMatchObject({
      id: asked.headers.get('x-request-id'),
      operationName: 'Mine',
      statementCount: expect.any(Number),
      resolvers: [expect.objectContaining({ path: 'jobs' })],
      statements: expect.arrayContaining([expect.objectContaining({ askedBy: ['jobs'] })]),
    });
    expect(asked.headers.get('server-timing')).toMatch(/parse;dur=.*execute;dur=.*sql;dur=/);

    for (const client of [as, asUser.with(header), api.client.with(header)]) {
      const answer = await client.send(operation);
      expect(answer.extensions).not.toHaveProperty('performance');
      expect(answer.headers.get('server-timing')).toBeNull();
    }
  });

  test('show a sleep where it was planted, among 50 requests at once', async () => {
    const { as } = await api.given.administrator();
    api.forgetStatements();
    const traces = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        // Two connections of four sleep at a time, so that nobody waits for one for long.
        if (index === 10)
          return traced(as, as, 'query Resolver { sleepInResolver(milliseconds: 150) }');
        if (index === 20)
          return traced(as, as, 'query Statement { sleepInStatement(milliseconds: 120) }');
        return traced(
          as,
          as,
          `query Ordinary${index} { jobs(first: 1) { edges { node { id } } } }`,
        );
      }),
    );
    const [inResolver, inStatement] = [traces[10], traces[20]];
    const sleeping = inResolver?.resolvers.find(({ path }) => path === 'sleepInResolver');
    expect(sleeping?.maxMs).toBeGreaterThanOrEqual(149);
    expect(inResolver?.statements.every(({ askedBy }) => askedBy.length === 0)).toBe(true);
    // To the millisecond what the driver took.
    const sent = api.statements.find(({ sql }) => /pg_sleep|planted/.test(sql));
    const seen = inStatement?.statements.find(({ statement }) =>
      /pg_sleep|planted/.test(statement),
    );
    expect(seen).toMatchObject({ askedBy: ['sleepInStatement'] });
    expect(Math.abs((seen?.durationMs ?? 0) - (sent?.durationMs ?? -1))).toBeLessThan(1);
    for (const [index, trace] of traces.entries()) {
      if (index === 10 || index === 20) continue;
      expect(trace.operationName).toBe(`Ordinary${index}`);
      expect(trace.resolvers.map(({ path }) => path)).toEqual(['jobs']);
      for (const { statement } of trace.statements)
        expect(statement).not.toMatch(/pg_sleep|planted/);
    }
  });

  test('tell own work, waiting and blame apart, and they add up', async () => {
    const { as } = await api.given.administrator();
    const spin = await traced(as, as, 'query Spin { spinInResolver(milliseconds: 60) }');
    expect(spin.blame.ownMs).toBeGreaterThanOrEqual(59);
    expect(spin.blame.waitingMs).toBeLessThan(spin.totalMs - 59);
    const wait = await traced(as, as, 'query Wait { sleepInResolver(milliseconds: 60) }');
    expect(wait.blame.waitingMs).toBeGreaterThanOrEqual(30);
    for (const { blame, totalMs, queuedMs } of [spin, wait]) {
      const sum = blame.ownMs + blame.waitingMs + blame.blamedMs;
      expect(Math.abs(sum - totalMs - queuedMs) / (totalMs + queuedMs)).toBeLessThan(0.02);
    }
  });
});

/** `sentAt` is in milliseconds since 1970. */
interface Waited {
  id: string;
  sentAt: number;
}

/** 50 clients in a process of their own: in this one, the server's work would hold them up too. */
function clientsElsewhere(url: string, authorization: string, query: string) {
  const script = `
    import { Agent, request } from 'node:http';
    import { once } from 'node:events';
    const waited = [];
    let isOver = false;
    process.stdin.on('data', () => { isOver = true; });
    const agent = new Agent({ keepAlive: true });
    const headers = { 'content-type': 'application/json', authorization: '${authorization}' };
    const body = JSON.stringify({ query: '${query}' });
    await Promise.all(Array.from({ length: 50 }, async () => {
      while (!isOver) {
        const sending = request('${url}', { method: 'POST', headers, agent });
        // Written to the last byte: before, nobody can have lost anything on the other side.
        let sentAt;
        sending.once('finish', () => { sentAt = performance.timeOrigin + performance.now(); });
        const answered = once(sending, 'response');
        sending.end(body);
        const [answer] = await answered;
        await once(answer.resume(), 'end');
        waited.push({ id: answer.headers['x-request-id'], sentAt });
      }
    }));
    console.log(JSON.stringify(waited));
    process.exit();`;
  const clients = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return {
    async stop(): Promise<Waited[]> {
      clients.stdin.write('stop');
      return JSON.parse(await text(clients.stdout));
    },
  };
}

const [sqlite] = databases;
if (!sqlite) throw new Error('there is no SQLite');

/** `BLAME_TEST_REQUESTS=10000` takes a minute. */
const QUIET_REQUESTS = Number(process.env.BLAME_TEST_REQUESTS ?? 500);

describe('blame on SQLite', () => {
  const api = useApi(sqlite, {
    config: { monitor: { ...monitor, slowQueryMs: 100 } },
    schema: plantedSchema(),
  });

  // On a starved machine the clients' own clocks come late.
  test('of a statement of 300 ms under 50 clients is booked to it and its operation', {
    retry: 3,
  }, async () => {
    const { user, as } = await api.given.administrator();
    const authorization = `Bearer ${api.given.tokenOf(user).token}`;
    const ordinary = 'query Ordinary { jobs(first: 5) { edges { node { id } } } }';
    api.forgetStatements();
    const traces = new Map<string, Trace>();
    api.app.monitor.onTrace((trace) => traces.set(trace.id, trace));
    const others = clientsElsewhere(api.url, authorization, ordinary);
    while (traces.size < 200) await sleep(20);
    const culprit = await as.send('query Culprit { sleepInStatement(milliseconds: 300) }');
    const waited = await others.stop();
    const held = api.statements.find(({ sql }) => sql.includes('planted'));
    if (!held) throw new Error('nothing was planted');

    // What a client lost is as much of the hold as falls between its question and the answer.
    const heldFrom = performance.timeOrigin + held.startedAt;
    const heldTo = heldFrom + held.durationMs;
    let losers = 0;
    let lostMs = 0;
    let bookedMs = 0;
    for (const { id, sentAt } of waited) {
      const trace = traces.get(id);
      if (!trace?.blame) continue;
      const endedAt = performance.timeOrigin + trace.startedMs + trace.totalMs;
      const lost = Math.min(heldTo, endedAt) - Math.max(heldFrom, sentAt);
      if (lost < 10) continue;
      losers += 1;
      lostMs += lost;
      const { ownMs, waitingMs, blamedMs, entries } = trace.blame;
      const ofCulprit = entries.find(
        ({ traceId, kind }) =>
          traceId === culprit.headers.get('x-request-id') && kind === 'statement',
      );
      if (ofCulprit) {
        expect(ofCulprit.operationName).toBe('Culprit');
        // What was planted took no longer, so neither did anybody lose more.
        expect(ofCulprit.lostMs).toBeLessThan(held.durationMs + 1);
        bookedMs += Math.min(lost, ofCulprit.lostMs);
      }
      const measuredMs = trace.totalMs + trace.queuedMs;
      expect(Math.abs(ownMs + waitingMs + blamedMs - measuredMs) / measuredMs).toBeLessThan(0.02);
    }
    expect(losers).toBeGreaterThan(25);
    expect(bookedMs / lostMs).toBeGreaterThan(0.9);
  });

  test('is nobody’s where nothing holds the thread', { timeout: QUIET_REQUESTS * 60 }, async () => {
    const { as } = await api.given.administrator();
    const finished: { isBlaming: boolean; tookMs: number }[] = [];
    api.app.monitor.onTrace(({ blame, totalMs }) => {
      // Garbage is collected in the quietest process.
      const isBlaming = blame?.entries.some(({ traceId }) => traceId !== null) ?? false;
      finished.push({ isBlaming, tookMs: totalMs });
    });
    for (let count = 0; count < QUIET_REQUESTS; count += 1) {
      await as.query('query Quiet { jobs(first: 5) { edges { node { id } } } }');
    }
    const blaming = finished.filter(({ isBlaming }) => isBlaming);
    // On a busy machine some do hold it for 10 ms; nobody else is ever blamed.
    const long = finished.filter(({ tookMs }) => tookMs >= 10);
    expect(finished).toHaveLength(QUIET_REQUESTS);
    expect(blaming.length).toBeLessThanOrEqual(long.length);
  });
});
