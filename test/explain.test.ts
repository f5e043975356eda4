import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphql } from './graphql/gql.ts';
import type { ExplainStatementsQueryVariables } from './graphql/graphql.ts';
import { countedMetrics } from './harness/countedMetrics.ts';
import { databases, type TestDatabase } from './harness/databases.ts';
import { globalId } from './harness/given.ts';
import { startWalkApi, type WalkApi } from './walk/proof.ts';
import { walkDatabase } from './walk/rows.ts';

/** One of the walk's users, who sees their own jobs alone. */
const MEMBER = 5;

const statementList =
  graphql(`query ExplainStatements($operation: String!, $variables: JSONObject, $asUser: ID) {
  performance {
    explain(operation: $operation, variables: $variables, asUser: $asUser) {
      statements { statement loader batchSize }
      errors { message code path }
    }
  }
}`);

const plans = graphql(`query ExplainPlans($operation: String!, $operationName: String) {
  performance {
    explain(operation: $operation, operationName: $operationName) {
      cost
      statementCount
      estimatedCost
      statements {
        statement
        plan {
          text
          estimatedRows
          estimatedCost
          steps { depth kind table index indexOnly condition estimatedRows estimatedCost }
          readings { kind level table sentence remedy }
        }
      }
      errors { path }
    }
  }
}`);

describe.each(databases)('explain on $name', (kind) => {
  const isSqlite = kind.name === 'SQLite';
  let database: TestDatabase;
  let api: WalkApi;

  beforeAll(async () => {
    database = await walkDatabase(kind, 1);
    api = await startWalkApi(database);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  async function explained(request: ExplainStatementsQueryVariables) {
    return (await api.viewer.query(statementList, request)).performance.explain;
  }

  test('tells the loader and how many keys it asks for where pages are full', async () => {
    const { statements } = await explained({
      operation:
        '{ jobs(first: 30) { edges { node { metadata { job { metadata { tokens } } } } } } }',
    });
    expect(statements.map(({ loader, batchSize }) => [loader, batchSize])).toEqual([
      [null, null],
      ['jobById', 30],
      ['metadataByJobId', 30],
    ]);
  });

  test('sends none of it, and the monitor counts none of it', async () => {
    const count = () => countedMetrics(api.app.monitor, 'statement').length;
    await explained({ operation: '{ viewer { id } }' });
    const [statements, loaders] = [count(), countedMetrics(api.app.monitor, 'loader').length];
    api.forgetStatements();
    await explained({
      operation:
        '{ securityEvents { count } auditLogs { totalCount edges { node { user { jobCounts { count } } } } } }',
    });
    expect(api.statements).toEqual([]);
    expect(count()).toBe(statements);
    expect(countedMetrics(api.app.monitor, 'loader')).toHaveLength(loaders);
    const resolvers = countedMetrics(api.app.monitor, 'resolver').map(({ name }) => name);
    expect(resolvers).toContain('Performance.explain');
    expect(resolvers).not.toContain('Query.securityEvents');
  });

  test('each statement has its plan, and the whole its cost', async () => {
    const { performance } = await api.viewer.query(plans, {
      operation:
        'query A { viewer { id } } query B { user(id: "VXNlcjoz") { jobs(first: 5) { edges { node { id } } } } }',
      operationName: 'B',
    });
    const { statements, ...whole } = performance.explain;
    expect(whole).toMatchObject({ statementCount: 2, errors: [] });
    expect(whole.cost).toBeGreaterThan(5);
    expect(whole.estimatedCost).toEqual(isSqlite ? null : expect.any(Number));
    for (const { plan } of statements) {
      expect(plan?.text).not.toBe('');
      expect(plan?.readings).toEqual([]);
    }
    expect(statements[0]?.plan?.steps).toContainEqual(
      expect.objectContaining({
        table: 'users',
        kind: isSqlite ? 'INDEX_SEARCH' : expect.any(String),
      }),
    );
    expect(statements[1]?.plan?.steps).toContainEqual(
      expect.objectContaining({
        table: 'jobs',
        kind: 'INDEX_SEARCH',
        indexOnly: isSqlite ? true : expect.any(Boolean),
      }),
    );
  });

  test('a filter that no index serves is told before anybody waits for it', async () => {
    const { performance } = await api.viewer.query(plans, {
      operation:
        '{ jobs(orderBy: { field: CREATED_AT }, filter: { durationSeconds: { from: 5 } }) { totalCount } }',
    });
    const [page] = performance.explain.statements;
    expect(page?.plan?.steps.map(({ table }) => table)).toContain('jobs');
  });

  test('another viewer sends other statements, and is refused what is not theirs', async () => {
    const operation = '{ jobs { edges { node { user { id } } } } }';
    const asUser = globalId('User', MEMBER);
    const [own] = (await explained({ operation, asUser })).statements;
    const [all] = (await explained({ operation })).statements;
    expect(own?.statement).toMatch(/where jobs\.user_id = \(?(SELECT )?\?/);
    expect(all?.statement).not.toContain('where');

    const refused = await explained({ operation: '{ users { totalCount } }', asUser });
    expect(refused).toEqual({
      statements: [],
      errors: [expect.objectContaining({ code: 'FORBIDDEN', path: 'users' })],
    });
  });

  test('a viewer who sees their own jobs alone finds what belongs to them', async () => {
    const { statements, errors } = await explained({
      operation: `{ node(id: "${globalId('Segment', 5)}") { ... on Segment { job { user { jobs { edges { cursor } } } } } } }`,
      asUser: globalId('User', MEMBER),
    });
    expect(errors).toEqual([]);
    expect(statements.map(({ loader }) => loader)).toEqual([
      'segmentById',
      'jobById',
      'userById',
      'jobPageByUserId',
    ]);
  });

  test('what is no query is refused, and nothing is written', async () => {
    const refusal = (request: ExplainStatementsQueryVariables) =>
      api.viewer.refusal(statementList, request);
    const mutation = 'mutation { createApiKey(name: "x") { __typename } }';
    for (const operation of [
      mutation,
      '{ nothing }',
      '{',
      '{ performance { explain(operation: "{ viewer { id } }") { cost } } } fragment',
    ]) {
      expect(await refusal({ operation })).toMatchObject({ code: 'BAD_USER_INPUT' });
    }
    expect(
      await refusal({ operation: '{ viewer { id } }', asUser: globalId('User', 99_999) }),
    ).toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    expect(await api.db('api_keys').where({ name: 'x' })).toEqual([]);
  });

  test('an explanation in an explanation is refused in its place', async () => {
    const { errors } = await explained({
      operation: '{ performance { explain(operation: "{ viewer { id } }") { cost } } }',
    });
    expect(errors).toMatchObject([{ code: 'BAD_USER_INPUT', path: 'performance.explain' }]);
  });

  test('an operation over the limits is refused as it would be', async () => {
    const strict = await startWalkApi(database, {
      config: { limits: { cost: 2000, depth: 20, breadth: 100 } },
    });
    try {
      const operation =
        '{ jobs(first: 100) { edges { node { segments(first: 100) { edges { cursor } } } } } }';
      expect(await strict.viewer.refusal(statementList, { operation })).toMatchObject({
        code: 'QUERY_TOO_COMPLEX',
      });
    } finally {
      await strict.stop();
    }
  });

  test('is for administrators alone', async () => {
    const { token } = api.given.tokenOf(await api.db('users').where({ id: MEMBER }).first());
    expect(
      await api.client.as(token).refusal(statementList, { operation: '{ viewer { id } }' }),
    ).toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});
