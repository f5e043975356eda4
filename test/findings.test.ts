import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphql } from './graphql/gql.ts';
import { startApi, type TestApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases, type TestDatabase } from './harness/databases.ts';
import { globalId } from './harness/given.ts';
import { repeatingSchema } from './harness/repeatingSchema.ts';

const findings = graphql(`query Findings($filter: FindingFilter) {
  performance { findings(first: 100, filter: $filter) { totalCount edges { node {
    key kind level what traceId statement remedy remedySql firstSeen lastSeen sinceRelease closedAt dismissedAt
  } } } }
}`);

const dismiss = graphql(`mutation DismissFinding($key: String!) {
  dismissFinding(key: $key) { key dismissedAt }
}`);

const HOUR_MS = 3_600_000;

describe.each(databases)('findings on $name', (kind) => {
  let database: TestDatabase;
  let api: TestApi;
  let administrator: Client;
  let jobIds: string[];
  let now = Date.now();

  const start = (release: string) =>
    startApi(database, {
      schema: repeatingSchema(),
      maxBatchSize: 7,
      clock: () => new Date(now),
      config: { monitor: { slowQueryMs: 1_000_000, sampleRate: 0, release } },
    });

  beforeAll(async () => {
    database = await kind.create();
    api = await start('1.0.0');
    const { user, as } = await api.given.administrator();
    administrator = as;
    jobIds = Array.from({ length: 100 }, () => uuid());
    await api.given.jobs(jobIds.map((id) => ({ user, id })));
  });

  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  /** What is found after this operation. */
  async function found(operation: string, filter = {}) {
    const { headers } = await administrator.send(operation);
    await api.app.watching.turn();
    const { performance } = await administrator.query(findings, {
      filter: { kind: 'N_PLUS_ONE', ...filter },
    });
    return {
      requestId: headers.get('x-request-id'),
      nodes: performance.findings.edges.map(({ node }) => node),
    };
  }

  test('a field that asks as often as it may is not found', async () => {
    const { nodes } = await found('query Ten { plantedOwners(times: 10) }');
    expect(nodes).toEqual([]);
  });

  test('a loader that splits one dispatch into many batches is not found', async () => {
    api.forgetStatements();
    const ids = jobIds.map((id) => globalId('Job', id));
    const { nodes } = await found(
      `query Split { nodes(ids: ${JSON.stringify(ids)}) { ... on Job { metadata { tokens } } } }`,
    );
    const batches = api.statements.filter(({ sql }) => /from .?metadata/.test(sql));
    expect(batches.length).toBe(15);
    expect(nodes).toEqual([]);
  });

  test('a field that asks once more, one after another, is found with its request and statement', async () => {
    const { requestId, nodes } = await found('query Eleven { plantedOwners(times: 11) }');
    expect(nodes).toEqual([
      {
        key: expect.stringMatching(/^n_plus_one:[0-9a-f]{16}:[0-9a-f]{8}$/),
        kind: 'N_PLUS_ONE',
        level: 'WARNING',
        what: 'plantedOwners sent the same statement 11 times in one request of Eleven.',
        traceId: requestId,
        statement: expect.stringContaining('from users where id = ?'),
        remedy: expect.stringContaining('loader'),
        remedySql: null,
        firstSeen: new Date(now).toISOString(),
        lastSeen: new Date(now).toISOString(),
        sinceRelease: '1.0.0',
        closedAt: null,
        dismissedAt: null,
      },
    ]);
  });

  test('a field of each row that asks side by side is found by its path', async () => {
    const { requestId, nodes } = await found(
      'query Rows { jobs(first: 11) { edges { node { plantedOwner } } } }',
    );
    expect(nodes[0]).toMatchObject({
      what: expect.stringMatching(/^jobs\.edges\.\*\.node\.plantedOwner sent .* 11 times/),
      traceId: requestId,
    });
  });

  test('two processes that see the same make one finding, which keeps its first release', async () => {
    const other = await start('2.0.0');
    try {
      const before = await found('{ viewer { id } }');
      now += HOUR_MS;
      const { token } = api.given.tokenOf(await api.db('users').first());
      await other.client.as(token).query('query Eleven { plantedOwners(times: 11) }');
      await other.app.watching.turn();
      const { nodes } = await found('{ viewer { id } }');
      expect(nodes.length).toBe(before.nodes.length);
      expect(nodes.find(({ what }) => what.startsWith('plantedOwners'))).toMatchObject({
        sinceRelease: '1.0.0',
        firstSeen: new Date(now - HOUR_MS).toISOString(),
        lastSeen: new Date(now).toISOString(),
      });
    } finally {
      await other.stop();
    }
  });

  test('what is dismissed stays so when it is seen again, and that is in the audit log', async () => {
    const { nodes } = await found('query Eleven { plantedOwners(times: 11) }');
    const finding = nodes.find(({ what }) => what.startsWith('plantedOwners'));
    const key = finding?.key ?? '';
    const { as } = await api.given.user();
    expect(await as.refusal(dismiss, { key })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await administrator.refusal(dismiss, { key: 'nothing' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    await administrator.query(dismiss, { key });
    await administrator.query(dismiss, { key });
    expect(await api.db('audit_logs').where({ event_type: 'finding_dismissed' })).toMatchObject([
      { resource_type: 'finding', resource_id: key, details: finding?.what },
    ]);
    const again = await found('query Eleven { plantedOwners(times: 11) }');
    expect(again.nodes.map((node) => node.key)).not.toContain(key);
    const all = await found('{ viewer { id } }', { includeDismissed: true });
    expect(all.nodes.map((node) => node.key)).toContain(key);
  });

  test('what nobody saw for a day is over, and begins anew when it is seen again', async () => {
    const rows = 'query Rows { jobs(first: 11) { edges { node { plantedOwner } } } }';
    await found(rows);
    now += 25 * HOUR_MS;
    expect((await found('{ viewer { id } }')).nodes).toEqual([]);
    const closed = await found('{ viewer { id } }', { includeClosed: true });
    expect(closed.nodes).toMatchObject([{ closedAt: new Date(now).toISOString() }]);
    const { nodes } = await found(rows);
    expect(nodes).toMatchObject([{ firstSeen: new Date(now).toISOString(), closedAt: null }]);
  });
});
