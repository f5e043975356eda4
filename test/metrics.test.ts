import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type TestApi, useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

const METRICS_TOKEN = 'a token for Prometheus';

const ask = (api: TestApi, headers: Record<string, string> = {}) =>
  fetch(new URL('/metrics', api.url), { headers });

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** What is exported now. */
async function scrape(api: TestApi): Promise<Sample[]> {
  const answer = await ask(api, { authorization: `Bearer ${METRICS_TOKEN}` });
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const lines = (await answer.text()).matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm);
  return [...lines].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]),
    ),
    value: Number(value),
  }));
}

/** The sum of the series of a name that have these labels. */
const sumOf = (samples: Sample[], name: string, labels: Record<string, string> = {}): number =>
  samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
    .reduce((sum, { value }) => sum + value, 0);

const valuesOf = (samples: Sample[], label: string): Set<string | undefined> =>
  new Set(samples.filter(({ labels }) => label in labels).map(({ labels }) => labels[label]));

const JOBS = `query JobsForMetrics($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Job { id user { username } metadata { language } } }
}`;

describe.each(databases)('metrics on $name', (kind) => {
  const api = useApi(kind, { config: { metricsToken: METRICS_TOKEN } });

  test('are for who brings the token', async () => {
    const wrong = ['', 'Bearer', 'Bearer a token for', `Basic ${METRICS_TOKEN}`, METRICS_TOKEN];
    for (const authorization of wrong) {
      expect((await ask(api, { authorization })).status).toBe(401);
    }
    expect((await ask(api)).status).toBe(401);
    expect((await ask(api, { authorization: `Bearer ${METRICS_TOKEN}` })).status).toBe(200);
  });

  test('count operations, statements, rows, loaders and their keys exactly', async () => {
    const { as, user } = await api.given.user();
    const ids: string[] = [];
    for (const _ of ['one', 'two', 'three']) ids.push((await api.given.job({ user })).globalId);
    await as.query(JOBS, { ids });
    const before = await scrape(api);
    api.forgetStatements();
    for (const _ of ['once', 'twice', 'thrice']) await as.query(JOBS, { ids });
    const after = await scrape(api);
    const more = (name: string, labels?: Record<string, string>) =>
      sumOf(after, name, labels) - sumOf(before, name, labels);
    const operation = { operation: 'JobsForMetrics', kind: 'query' };
    expect(more('graphql_server_request_duration_seconds_count', operation)).toBe(3);
    expect(
      more('graphql_server_request_duration_seconds_bucket', { ...operation, le: '+Inf' }),
    ).toBe(3);
    expect(more('graphql_server_phase_duration_seconds_count', { phase: 'execute' })).toBe(3);
    expect(more('db_client_statement_duration_seconds_count')).toBe(api.statements.length);
    expect(more('db_client_connection_wait_seconds_count')).toBe(api.statements.length);
    expect(more('db_client_statement_rows_total')).toBe(
      api.statements.reduce((sum, { rowCount }) => sum + rowCount, 0),
    );
    const metadata = { loader: 'metadataByJobId' };
    expect(more('graphql_dataloader_batch_duration_seconds_count', metadata)).toBe(3);
    expect(more('graphql_dataloader_batch_keys_sum', metadata)).toBe(9);
    expect(more('db_client_statement_duration_seconds_count', metadata)).toBe(3);
    const users = { loader: 'userById' };
    expect(more('graphql_dataloader_batch_keys_sum', users)).toBe(3);
    expect(more('graphql_dataloader_cache_hits_total', users)).toBe(6);
  });

  test('sum up durations in buckets that only grow', async () => {
    await api.client.query('query Buckets { viewer { id } }');
    const buckets = (await scrape(api))
      .filter(({ name }) => name === 'graphql_server_request_duration_seconds_bucket')
      .filter(({ labels }) => labels.operation === 'Buckets')
      .map(({ value }) => value);
    expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
    expect(buckets.at(-1)).toBe(1);
  });

  test('count what failed, by its code', async () => {
    await api.client.send('query Refused { users { totalCount } }');
    const samples = await scrape(api);
    expect(sumOf(samples, 'graphql_server_request_failures_total', { operation: 'Refused' })).toBe(
      1,
    );
    expect(sumOf(samples, 'graphql_server_errors_total', { code: 'UNAUTHENTICATED' })).toBe(1);
  });

  test('tell of the pools, the event loop, the heap and the process', async () => {
    const samples = await scrape(api);
    const pool = { pool: 'requests', state: 'size' };
    expect(sumOf(samples, 'db_client_pool_connections', pool)).toBe(api.db.client.pool.max);
    for (const name of [
      'nodejs_eventloop_seconds_total',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'process_resident_memory_bytes',
    ]) {
      expect(sumOf(samples, name), name).toBeGreaterThan(0);
    }
  });

  test('have few series, whatever clients call their operations', async () => {
    await Promise.all(
      Array.from({ length: 130 }, (_, index) =>
        api.client.query(`query Made${index} { viewer { id } }`),
      ),
    );
    const crowded = await scrape(api);
    expect(valuesOf(crowded, 'operation').size).toBeLessThanOrEqual(101);
    expect(
      sumOf(crowded, 'graphql_server_request_duration_seconds_count', { operation: 'other' }),
    ).toBeGreaterThanOrEqual(30);
    // One in use takes the place of one that is not.
    for (let index = 0; index < 12; index += 1) {
      await api.client.query('query InUse { viewer { id } }');
    }
    const samples = await scrape(api);
    expect(valuesOf(samples, 'operation').size).toBeLessThanOrEqual(101);
    expect(
      sumOf(samples, 'graphql_server_request_duration_seconds_count', { operation: 'InUse' }),
    ).toBe(3);
  });

  test('are all on the dashboard, which asks for no others', async () => {
    const dashboard = readFileSync(
      new URL('../deploy/grafana/whisper-transcriber-api.json', import.meta.url),
      'utf8',
    );
    const expressions = [...dashboard.matchAll(/"expr": "((?:[^"\\]|\\.)*)"/g)].join('\n');
    const asked = new Set(expressions.match(/\b(?:graphql|db_client|nodejs|process)_\w+/g));
    const exported = new Set((await scrape(api)).map(({ name }) => name));
    expect([...asked].filter((name) => !exported.has(name))).toEqual([]);
    const family = (name: string) => name.replace(/_(bucket|sum|count)$/, '');
    const shown = new Set([...asked].map(family));
    const ours = [...exported].filter((name) => /^(graphql|db_client)_/.test(name)).map(family);
    expect(ours.filter((name) => !shown.has(name))).toEqual([]);
  });
});
