import { describe, expect, test, vi } from 'vitest';
import { graphql } from './graphql/gql.ts';
import type { SlowQueryPlansQuery } from './graphql/graphql.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const slowQueries = graphql(`query SlowQueryPlans {
  performance {
    slowQueries(first: 100) { statement parameters plan { takenAt text steps { kind table condition } readings { kind remedy } } }
  }
}`);

type SlowQuery = SlowQueryPlansQuery['performance']['slowQueries'][number];

const filtered = `query Filtered { jobs(filter: { model: "a private name", createdAt: { from: "2026-01-01T00:00:00Z" } }) {
  edges { node { metadata { tokens } } } } }`;

/** Every statement is slow, and plans are taken as fast as they can be. */
const options = {
  config: { monitor: { slowQueryMs: 0, sampleRate: 0, release: 'test' } },
  planIntervalMs: 0,
};

async function found(as: Client, statement: RegExp): Promise<SlowQuery | undefined> {
  const { performance } = await as.query(slowQueries, {});
  return performance.slowQueries.find((query) => statement.test(query.statement));
}

/** The thread that plans may start late on a machine that has much to do. */
const patience = { timeout: 20_000 };

describe.each(databases)('plans of slow queries on $name', (kind) => {
  const api = useApi(kind, options);
  const shown = useApi(kind, { ...options, config: { ...options.config, showBindValues: true } });

  test('are taken in the background and stand beside the statement', async () => {
    const { user, as } = await api.given.administrator();
    const job = { user, model: 'a private name', created_at: '2026-02-01T00:00:00.000Z' };
    const { globalId } = await api.given.job(job);
    await as.query(filtered);
    await as.query(`{ node(id: "${globalId}") { ... on Job { metadata { tokens } } } }`);
    await vi.waitFor(async () => {
      const page = await found(as, /jobs.model = .* and jobs.created_at/);
      const metadata = await found(as, /from metadata where/);
      expect(page?.plan?.steps.map(({ table }) => table)).toContain('jobs');
      expect(metadata?.plan?.steps.map(({ table }) => table)).toContain('metadata');
    }, patience);
  });

  test('are not taken of what writes', async () => {
    const { as } = await api.given.administrator();
    await as.query('mutation { createApiKey(name: "worker") { __typename } }');
    await vi.waitFor(async () => {
      const readers = await found(as, /from users/);
      expect(readers?.plan).not.toBeNull();
    }, patience);
    const writer = await found(as, /^insert into api_keys/);
    expect(writer).toMatchObject({ plan: null });
  });

  test('show no value that a statement was sent with', async () => {
    const { as } = await api.given.administrator();
    await as.query(filtered);
    const page = await vi.waitFor(async () => {
      const query = await found(as, /jobs.model = .* and jobs.created_at/);
      expect(query?.plan).not.toBeNull();
      return query;
    }, patience);
    expect(page?.parameters).toEqual(['text of 14 characters', 'time']);
    const { performance } = await as.query(slowQueries, {});
    expect(JSON.stringify(performance)).not.toMatch(/a private name|2026-01-01/);
  });

  test('show the values where that is set', async () => {
    const { as } = await shown.given.administrator();
    await as.query(filtered);
    const page = await found(as, /jobs.model = .* and jobs.created_at/);
    expect(page?.parameters).toEqual(['"a private name"', '"2026-01-01T00:00:00.000Z"']);
  });

  test('that fail harm no request', async () => {
    const { as } = await shown.given.administrator();
    await shown.app.plans.destroy();
    await as.query('{ auditLogs { totalCount } }');
    await as.query('{ auditLogs { totalCount } }');
    expect(await found(as, /count.* from audit_logs/)).toMatchObject({ plan: null });
  });
});
