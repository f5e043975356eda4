import { describe, expect, onTestFinished, test } from 'vitest';
import type { OpenTelemetryConfig } from '../src/config.ts';
import { createLogger } from '../src/logger.ts';
import { startApi, type TestApi } from './harness/api.ts';
import { type ReceivedSpan, startCollector } from './harness/collector.ts';
import { type DatabaseKind, databases } from './harness/databases.ts';
import specification from './specification/graphqlSpans.json' with { type: 'json' };

const collecting = (endpoint: string): OpenTelemetryConfig => ({
  endpoint,
  headers: { 'x-collector-key': 'abc' },
  serviceName: 'whisper-in-a-test',
  sampler: 'parentbased_always_on',
  samplerRatio: 1,
});

/** What a collector got of what was `sent` to a server, after that ended. */
async function exported(
  kind: DatabaseKind,
  sent: (api: TestApi) => Promise<unknown>,
  changes: Partial<OpenTelemetryConfig> = {},
) {
  const collector = await startCollector();
  const database = await kind.create();
  const openTelemetry = { ...collecting(collector.endpoint), ...changes };
  const api = await startApi(database, { config: { openTelemetry } });
  onTestFinished(async () => {
    await collector.stop();
    await database.drop();
  });
  await sent(api);
  await api.stop();
  return collector;
}

/** Two pages in each other, and two fields that ask the same loader: the metadata of `jobs` need none. */
const NESTED = `query VeryOwnName($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Job {
    owner: user { username jobs(first: 2) { edges { node {
      segments(first: 1) { edges { node { job { metadata { language } } } } }
    } } } }
    metadata { language }
  } }
}`;

async function sendNested({ given }: TestApi) {
  const { as, user } = await given.user();
  const ids: string[] = [];
  for (const text of ['first', 'second', 'third']) {
    const job = await given.job({ user });
    await given.segments(job, [text]);
    ids.push(job.globalId);
  }
  return as.query(NESTED, { ids });
}

type Specified = (typeof specification.spans)[keyof typeof specification.spans];

const specified: Specified[] = Object.values(specification.spans);

/** What the specification says of a span of GraphQL. */
function specificationOf({ kind, attributes }: ReceivedSpan): Specified {
  const found = specified.find((span) =>
    'processing' in span
      ? span.processing === attributes['graphql.processing.type']
      : span.kind === kind,
  );
  if (!found) throw new Error(`not specified: ${JSON.stringify(attributes)}`);
  return found;
}

const nameOf = ({ name }: Specified, { attributes }: ReceivedSpan): string =>
  name.startsWith('{graphql.operation.type}')
    ? String(attributes['graphql.operation.type'] ?? 'GraphQL Operation')
    : name.replace(/\{(.+?)\}/g, (_, key: string) => String(attributes[key]));

const types: Record<string, string | string[]> = specification.types;

/** Whether a value is of the type that the specification gives the attribute. */
function fits(key: string, value: unknown): boolean {
  const type = types[key];
  if (Array.isArray(type)) return type.includes(String(value));
  return type === 'int' ? Number.isInteger(value) : typeof value === type;
}

/** What about a span is not as it is specified. */
function deviations(span: ReceivedSpan): string[] {
  const { name, kind, attributes } = span;
  const expected = specificationOf(span);
  const levels: Record<string, string> = expected.attributes;
  const ofGraphql = Object.entries(attributes).filter(([key]) => key.startsWith('graphql.'));
  return [
    ...(kind === expected.kind ? [] : [`${name} is of kind ${kind}`]),
    ...(name === nameOf(expected, span) ? [] : [`it is called ${name}`]),
    ...Object.entries(levels)
      .filter(([key, level]) => level === 'required' && !(key in attributes))
      .map(([key]) => `${name} lacks ${key}`),
    ...ofGraphql
      .filter(([key]) => !(key in levels) || levels[key] === 'opt_in')
      .map(([key]) => `${name} has ${key}`),
    ...ofGraphql
      .filter(([key, value]) => !fits(key, value))
      .map(([key, value]) => `${name} has ${value} as ${key}`),
  ];
}

const isGraphql = ({ attributes }: ReceivedSpan): boolean => !('db.system.name' in attributes);

describe.each(databases)('exported traces on $name', (kind) => {
  test('are as the working group specifies them', async () => {
    const { spans } = await exported(kind, async (api) => {
      await sendNested(api);
      await api.client.send('{ viewer { id } }');
      await api.client.send('mutation M { login(username: "x", password: "y") { __typename } }');
      await api.client.send('{ users { totalCount } }');
      await api.client.send('{ this is no GraphQL');
      await api.client.send('{ noSuchField }');
    });
    const ofGraphql = spans.filter(isGraphql);
    expect(ofGraphql.flatMap(deviations)).toEqual([]);
    // Each of the specified kinds was there to be looked at.
    expect(new Set(ofGraphql.map(specificationOf)).size).toBe(specified.length);
    const roots = ofGraphql.filter(({ kind }) => kind === 'server');
    expect(roots.map(({ name }) => name).sort()).toEqual([
      'GraphQL Operation',
      'GraphQL Operation',
      'mutation',
      'query',
      'query',
      'query',
    ]);
    const failed = roots.filter((span) => span.failed);
    expect(failed.map(({ attributes }) => attributes['error.type']).sort()).toEqual([
      'GRAPHQL_PARSE_FAILED',
      'GRAPHQL_VALIDATION_FAILED',
      'UNAUTHENTICATED',
    ]);
  });

  test('nest by path, link batches to the fields that asked, and hold statements', async () => {
    const { spans } = await exported(kind, sendNested);
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const parentOf = ({ parent }: ReceivedSpan) => byId.get(parent ?? '');
    const at = (path: string) =>
      spans.find(({ attributes }) => attributes['graphql.selection.path'] === path);
    const batches = spans.filter(({ name }) => name.startsWith('GraphQL DataLoader Batch'));
    const linked = ({ links }: ReceivedSpan) =>
      links.map((id) => byId.get(id)?.attributes['graphql.selection.path']).sort();

    const owner = at('nodes[*].owner');
    expect(owner).toMatchObject({
      name: 'Job.user',
      attributes: { 'graphql.selection.name': 'owner', 'graphql.selection.field.name': 'user' },
    });
    const nested = at('nodes[*].owner.jobs');
    expect(nested && parentOf(nested)).toBe(owner);
    const segments = at('nodes[*].owner.jobs.edges[*].node.segments');
    expect(segments && parentOf(segments)).toBe(nested);
    expect(owner && parentOf(owner)).toBe(at('nodes'));
    const nodes = at('nodes');
    expect(nodes && parentOf(nodes)?.name).toBe('GraphQL Operation Execution');

    for (const batch of batches) expect(parentOf(batch)?.kind).toBe('server');
    const users = batches.find(({ name }) => name.endsWith(' userById'));
    expect(users && linked(users)).toEqual(['nodes[*].owner']);
    expect(users?.attributes['graphql.dataloader.batch.size']).toBe(3);
    const metadata = batches.filter(({ name }) => name.endsWith(' metadataByJobId'));
    expect(metadata.flatMap(linked)).toContain('nodes[*].metadata');

    const statements = spans.filter((span) => !isGraphql(span));
    expect(statements.filter(({ kind }) => kind !== 'client')).toEqual([]);
    const ofUsers = statements.filter((span) => parentOf(span) === users);
    expect(ofUsers).toMatchObject([
      { name: 'SELECT', attributes: { 'db.system.name': kind.name.toLowerCase() } },
    ]);
  });

  test('tell the errors that the client was told of, with their places', async () => {
    const { spans } = await exported(kind, async (api) => {
      const { as } = await api.given.user();
      await as.send('query Two { jobs { totalCount } other: users { totalCount } }');
      await as.send('{ noSuchField }');
      await as.send('{ viewer { id } }');
    });
    const roots = spans.filter((span) => span.kind === 'server');
    expect(roots.map(({ events }) => events).toSorted((a, b) => a.length - b.length)).toEqual([
      [],
      expect.any(Array),
      expect.any(Array),
    ]);
    const events = roots.flatMap((root) => root.events);
    expect(events).toEqual([
      {
        name: 'graphql.error',
        attributes: {
          'graphql.error.message': expect.any(String),
          'graphql.error.path': 'other',
          'graphql.error.locations': ['1:33'],
          'graphql.error.schema_coordinate': 'Query.users',
        },
      },
      {
        name: 'graphql.error',
        attributes: {
          'graphql.error.message': expect.stringContaining('noSuchField'),
          'graphql.error.locations': ['1:3'],
        },
      },
    ]);
    // Those that failed, and no other span.
    expect(spans.filter((span) => span.events.length > 0)).toEqual(
      roots.filter(({ failed }) => failed),
    );
  });

  test('are one trace, in its time, and without names that clients choose', async () => {
    const { spans, resources, requests } = await exported(kind, sendNested);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const [root, ...others] = spans.filter(({ parent }) => parent === null);
    expect(others).toEqual([]);
    expect(root?.attributes).toMatchObject({ 'graphql.operation.name': 'VeryOwnName' });
    for (const { name, startNs, endNs } of spans) {
      expect(name).not.toContain('VeryOwnName');
      expect(startNs, name).toBeGreaterThanOrEqual(root?.startNs ?? 0n);
      expect(endNs, name).toBeLessThanOrEqual(root?.endNs ?? 0n);
    }
    expect(resources[0]).toMatchObject({ 'service.name': 'whisper-in-a-test' });
    expect(requests[0]).toMatchObject({
      url: '/v1/traces',
      headers: { 'content-type': 'application/json', 'x-collector-key': 'abc' },
    });
  });
});

describe.each(databases.slice(0, 1))('sampling on $name', (kind) => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const send = (traceparent: string) => (api: TestApi) =>
    api.client.with({ traceparent }).query('{ viewer { id } }');

  test('a trace goes on that the caller began', async () => {
    const { spans } = await exported(kind, send(`00-${traceId}-b7ad6b7169203331-01`));
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    expect(spans.find(({ kind }) => kind === 'server')?.parent).toBe('b7ad6b7169203331');
  });

  test('a trace is left out that the caller left out', async () => {
    const { spans } = await exported(kind, send(`00-${traceId}-b7ad6b7169203331-00`));
    expect(spans).toEqual([]);
  });

  test('a trace begins here where the caller sent nonsense', async () => {
    const { spans } = await exported(kind, send('00-zero-one-01'));
    expect(spans.find(({ kind }) => kind === 'server')).toMatchObject({ parent: null });
  });

  test('a ratio of 0 sends none', async () => {
    const { spans } = await exported(kind, send(''), { sampler: 'traceidratio', samplerRatio: 0 });
    expect(spans).toEqual([]);
  });

  test.each([
    ['refuses the spans', async () => (await startCollector(400)).endpoint, 1],
    ['is not there', async () => 'http://127.0.0.1:1', 0],
  ])('a collector that %s costs no request', async (_, start, lines) => {
    const log: Record<string, unknown>[] = [];
    const logger = createLogger('warn', { write: (line) => log.push(JSON.parse(line)) });
    const database = await kind.create();
    onTestFinished(database.drop);
    const openTelemetry = collecting(await start());
    const api = await startApi(database, { logger, config: { openTelemetry } });
    for (const _ of ['once', 'twice']) await api.client.query('{ viewer { id } }');
    await api.stop();
    expect(log).toHaveLength(lines);
  });
});
