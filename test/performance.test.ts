import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../src/perf/fingerprint.ts';
import { graphql } from './graphql/gql.ts';
import { useApi } from './harness/api.ts';
import { type CountedMetric, countedMetrics } from './harness/countedMetrics.ts';
import { databases } from './harness/databases.ts';

const figures = graphql(`query Figures {
  performance {
    operations(first: 100) { edges { node { name calls errors statementCount } } }
    resolvers(first: 100) { edges { node { name calls resolverCalls } } }
    statements(first: 100) { edges { node { statement calls rows } } }
    loaders(first: 100) { edges { node { name calls keys meanBatchSize cacheHits } } }
  }
}`);

const slowQueries = graphql(`query SlowQueries {
  performance { slowQueries(first: 100) { statement operationName loader batchSize durationMs } }
}`);

describe.each(databases)('performance on $name', (kind) => {
  const api = useApi(kind, {
    config: { monitor: { slowQueryMs: 0, sampleRate: 1, release: 'test' } },
  });

  test('is for administrators alone', async () => {
    const { as } = await api.given.user();
    const query = '{ performance { summary { slowQueryMs } } }';
    expect(await api.client.refusal(query)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await as.refusal(query)).toMatchObject({ code: 'FORBIDDEN' });
  });

  test('counts each operation, resolver, statement and loader as often as it ran', async () => {
    const { user, as } = await api.given.administrator();
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const job = await api.given.job({ user });
      await api.given.metadata({ job });
      ids.push(job.globalId);
    }
    const operation =
      'query Counted($ids: [ID!]!) { nodes(ids: $ids) { ... on Job { user { id } metadata { tokens } } } }';
    for (let count = 0; count < 5; count += 1) await as.query(operation, { ids });

    const { performance } = await as.query(figures, {});
    expect(performance.operations.edges).toContainEqual({
      node: { name: 'Counted', calls: 5, errors: 0, statementCount: expect.any(Number) },
    });
    // One entry a request: its three calls are one place of the operation.
    expect(performance.resolvers.edges).toContainEqual({
      node: { name: 'Job.metadata', calls: 5, resolverCalls: 15 },
    });
    expect(performance.loaders.edges).toContainEqual({
      node: { name: 'metadataByJobId', calls: 5, keys: 15, meanBatchSize: 3, cacheHits: 0 },
    });
    // The three jobs have one owner.
    expect(performance.loaders.edges).toContainEqual({
      node: { name: 'userById', calls: 5, keys: 5, meanBatchSize: 1, cacheHits: 10 },
    });
    expect(performance.statements.edges).toContainEqual({
      node: { statement: expect.stringMatching(/from metadata where/), calls: 5, rows: 15 },
    });
  });

  test('keeps slow statements with the operation and the loader that sent them', async () => {
    const { user, as } = await api.given.administrator();
    const { globalId } = await api.given.job({ user });
    await as.query(`query Slow { node(id: "${globalId}") { ... on Job { metadata { tokens } } } }`);
    const { performance } = await as.query(slowQueries, {});
    expect(performance.slowQueries).toContainEqual(
      expect.objectContaining({
        statement: expect.stringMatching(/from metadata where/),
        operationName: 'Slow',
        loader: 'metadataByJobId',
      }),
    );
  });

  test('counts a failed request as failed', async () => {
    const { as } = await api.given.administrator();
    await as.send('query Failing { jobs(first: 1000) { edges { cursor } } }');
    const { performance } = await as.query(figures, {});
    expect(performance.operations.edges).toContainEqual({
      node: { name: 'Failing', calls: 1, errors: 1, statementCount: expect.any(Number) },
    });
  });

  test('books 50 requests at once each to its own operation', async () => {
    const { user, as } = await api.given.administrator();
    await api.given.job({ user });
    await as.query('{ viewer { id } }');
    const before = api.statements.length;
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        as.query(
          index % 2 === 0
            ? 'query Even { jobs(first: 1) { edges { node { id } } } }'
            : 'query Odd { users(first: 1) { edges { node { id } } } }',
        ),
      ),
    );
    expect(api.statements.length - before).toBe(50);
    const { performance } = await as.query(slowQueries, {});
    for (const { statement, operationName } of performance.slowQueries) {
      if (operationName === 'Even') expect(statement).toContain('jobs');
      if (operationName === 'Odd') expect(statement).toContain('users');
    }
  });
});

const [, postgres] = databases;
if (!postgres) throw new Error('there is no PostgreSQL');

describe('what the monitor counted on PostgreSQL', () => {
  // Nothing is slow, so that nothing is sent to explain it.
  const api = useApi(postgres, {
    config: { monitor: { slowQueryMs: 3_600_000, sampleRate: 0, release: 'test' } },
  });

  test('is what pg_stat_statements counted: the statements, their calls and rows', async () => {
    const { user, as } = await api.given.administrator();
    for (let count = 0; count < 30; count += 1) {
      const job = await api.given.job({ user });
      await api.given.metadata({ job });
      await api.given.segments(job, ['one', 'two', 'three']);
    }
    await as.query('{ viewer { id } }');
    await api.db.raw('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await api.db.raw('SELECT pg_stat_statements_reset()');

    const before = countedMetrics(api.app.monitor, 'statement');
    for (let count = 1; count <= 40; count += 1) {
      await as.query(
        `query($first: Int!) { jobs(first: $first) { totalCount edges { node { user { jobCounts { count } } metadata { tokens }
          segments(first: 2) { edges { node { text job { metadata { language } } } } } } } } }`,
        { first: count % 7 },
      );
      await as.query(
        '{ jobStatistics { count byModel { model } } users { edges { node { id } } } }',
      );
      await api.client.query(
        'mutation { login(username: "nobody", password: "not the one") { __typename } }',
      );
    }
    const recorded = countsSince(before, countedMetrics(api.app.monitor, 'statement'));
    const { rows } = await api.db.raw<{
      rows: { query: string; calls: number; rows: number }[];
    }>(`SELECT query, calls, rows FROM pg_stat_statements
         WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND query NOT LIKE '%pg_stat_statements%'`);
    expect(countsOf(rows)).toEqual(recorded);
    expect(Object.keys(recorded).length).toBeGreaterThan(8);
  });
});

type Counts = Record<string, { calls: number; rows: number }>;

/** Calls and rows by fingerprint: PostgreSQL has its own way to leave out values. */
function countsOf(statements: readonly { query: string; calls: number; rows: number }[]): Counts {
  const counts: Counts = {};
  for (const { query, calls, rows } of statements) {
    const { text } = fingerprintOf(query);
    const count = counts[text] ?? { calls: 0, rows: 0 };
    counts[text] = { calls: count.calls + calls, rows: count.rows + rows };
  }
  return counts;
}

/** What the monitor counted from one moment to another. */
function countsSince(before: readonly CountedMetric[], after: readonly CountedMetric[]): Counts {
  const earlier = new Map(before.map((metric) => [metric.name, metric]));
  return Object.fromEntries(
    after
      .map(({ name, calls, rows }) => ({
        name,
        calls: calls - (earlier.get(name)?.calls ?? 0),
        rows: rows - (earlier.get(name)?.rows ?? 0),
      }))
      .filter(({ calls }) => calls > 0)
      .map(({ name, calls, rows }) => [name, { calls, rows }]),
  );
}
