import type { Knex } from 'knex';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../src/db/client.ts';
import type { SentStatement } from '../src/db/dialect.ts';
import {
  insertPerformanceMetrics,
  replacePerformanceMetrics,
} from '../src/db/performanceMetrics.ts';
import { performanceStore } from '../src/db/performanceStore.ts';
import { readPool } from '../src/db/pool.ts';
import type { QueryPerformanceLogRow } from '../src/db/queryPerformanceLogs.ts';
import { StepSize } from '../src/db/stepSize.ts';
import { metricRow } from '../src/perf/metricRow.ts';
import { PendingMetrics } from '../src/perf/pendingMetrics.ts';
import { graphql } from './graphql/gql.ts';
import { type ApiOptions, startApi, type TestApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases, type TestDatabase } from './harness/databases.ts';

const operationsOf =
  graphql(`query OperationsOf($window: PerformanceWindow, $client: String, $operation: String) {
  performance {
    operations(first: 100, window: $window, client: $client, operation: $operation) {
      totalCount
      edges { node { name calls errors totalMs meanMs p50Ms p95Ms p99Ms maxMs } }
    }
  }
}`);

const pageOf = graphql(`query PageOf($first: Int, $after: String, $last: Int, $before: String) {
  performance {
    operations(client: "pages", first: $first, after: $after, last: $last, before: $before) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
      edges { node { name totalMs } }
    }
  }
}`);

const summaryOf = graphql(`query SummaryOf($window: PerformanceWindow) {
  performance { summary(window: $window) { since requests { calls p95Ms } statements { calls rows } slowQueryCount } }
}`);

const stateOf = graphql(`query StateOf {
  performance { history { lastFlushAt failingSince failure pendingEntries lostCalls } }
}`);

const seriesOf =
  graphql(`query SeriesOf($name: String!, $kind: MetricKind, $from: DateTime, $to: DateTime, $resolution: MetricResolution) {
  performance { metrics(name: $name, kind: $kind, from: $from, to: $to, resolution: $resolution) { at calls meanMs p50Ms maxMs } }
}`);

const alertsOf = graphql(`query FlushAlerts {
  performance {
    alerts(filter: { onlyOpen: true }) { edges { node { rule level } } }
    findings(filter: { kind: FLUSH }) { edges { node { level what } } }
  }
}`);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse('2026-03-02T12:00:00.000Z');

describe.each(databases)('the history of the monitor on $name', (kind) => {
  let database: TestDatabase;
  let now = START;
  const started: TestApi[] = [];
  const clock = () => new Date(now);

  /** A server whose clock is moved by hand. */
  async function start(options: ApiOptions = {}): Promise<TestApi> {
    const api = await startApi(database, { clock, viewerTtlMs: 3_600_000, ...options });
    started.push(api);
    return api;
  }

  beforeEach(async () => {
    now = START;
    database = await kind.create();
  });
  afterEach(async () => {
    for (const api of started.splice(0)) await api.stop();
    await database.drop();
  });

  async function ask(as: Client, name: string, times: number): Promise<void> {
    for (let count = 0; count < times; count += 1)
      await as.query(`query ${name} { viewer { id } }`);
  }

  async function callsOf(
    as: Client,
    name: string,
    window: 'MINUTE' | 'HOUR' | 'DAY' | 'WEEK' | 'THIRTY_DAYS' = 'HOUR',
  ) {
    const { performance } = await as.query(operationsOf, { window, operation: name });
    return performance.operations.edges.reduce((sum, { node }) => sum + node.calls, 0);
  }

  /** Two servers, and an administrator at each. */
  async function startTwo() {
    const [one, two] = [await start(), await start()];
    const { user, as } = await one.given.administrator();
    return { one, two, as, asOther: two.client.as(one.given.tokenOf(user).token) };
  }

  test('two processes over one database add up', async () => {
    const { one, two, as, asOther } = await startTwo();
    await ask(as, 'Both', 3);
    await ask(asOther, 'Both', 4);
    expect(await callsOf(as, 'Both')).toBe(3);
    await one.app.history.flush();
    await two.app.history.flush();
    expect(await callsOf(as, 'Both')).toBe(7);
    expect(await callsOf(asOther, 'Both')).toBe(7);
    await ask(as, 'Both', 1);
    expect(await callsOf(as, 'Both')).toBe(8);
    expect(await callsOf(asOther, 'Both')).toBe(7);
  });

  test('the last figures of a process that stops are written', async () => {
    const { two, as, asOther } = await startTwo();
    await ask(asOther, 'Last', 5);
    started.splice(started.indexOf(two), 1);
    await two.stop();
    expect(await callsOf(as, 'Last')).toBe(5);
  });

  test('a figure is the same before it is written, after, and when it has become coarser', async () => {
    const { one, as } = await startTwo();
    await ask(as, 'Steady', 20);
    await as.send('query Steady { jobs(first: 1000) { edges { cursor } } }');
    const read = async () => {
      const { performance } = await as.query(operationsOf, {
        window: 'THIRTY_DAYS',
        operation: 'Steady',
      });
      return performance.operations.edges
        .map(({ node }) => ({
          ...node,
          totalMs: node.totalMs.toFixed(3),
          meanMs: node.meanMs.toFixed(3),
        }))
        .toSorted((a, b) => a.calls - b.calls);
    };
    const before = await read();
    expect(before.map(({ calls, errors }) => [calls, errors])).toEqual([
      [1, 1],
      [20, 0],
    ]);
    for (const age of [0, 3 * HOUR, 3 * DAY, 10 * DAY]) {
      now = START + age;
      await one.app.history.flush();
      expect(await read(), `${age} ms later`).toEqual(before);
    }
    const stored = await one
      .db('performance_metrics')
      .where({ metric_name: 'Steady' })
      .select('resolution_seconds');
    expect(stored.map(({ resolution_seconds }) => resolution_seconds)).toEqual([86_400, 86_400]);
  });

  test('minutes become ten, hours and days, in whichever process, and none is lost or doubled', async () => {
    const { one, two, as, asOther } = await startTwo();
    const rowsOf = async (name: string): Promise<{ resolution_seconds: number; calls: number }[]> =>
      one.db('performance_metrics').where({ metric_name: name }).orderBy('timestamp');
    for (let minute = 0; minute < 20; minute += 1) {
      now = START + minute * MINUTE;
      // The clock has moved since the counting began.
      await one.app.history.flush();
      await two.app.history.flush();
      await ask(as, 'Rolled', 1);
      await ask(asOther, 'Rolled', 2);
    }
    now = START + 20 * MINUTE;
    await Promise.all([one.app.history.flush(), two.app.history.flush()]);
    expect(await rowsOf('Rolled')).toHaveLength(40);
    expect(await callsOf(as, 'Rolled', 'HOUR')).toBe(60);
    expect(await callsOf(as, 'Rolled', 'MINUTE')).toBe(3);

    now = START + 3 * HOUR;
    // Both want to roll up the same rows.
    await Promise.all([one.app.history.flush(), two.app.history.flush()]);
    await one.app.history.flush();
    expect(
      (await rowsOf('Rolled')).map(({ resolution_seconds, calls }) => [resolution_seconds, calls]),
    ).toEqual([
      [600, 30],
      [600, 30],
    ]);
    expect(await callsOf(as, 'Rolled', 'HOUR')).toBe(0);
    expect(await callsOf(as, 'Rolled', 'DAY')).toBe(60);

    now = START + 3 * DAY;
    await one.app.history.flush();
    expect(
      (await rowsOf('Rolled')).map(({ resolution_seconds, calls }) => [resolution_seconds, calls]),
    ).toEqual([[3600, 60]]);
    expect(await callsOf(as, 'Rolled', 'WEEK')).toBe(60);

    now = START + 29 * DAY;
    await one.app.history.flush();
    expect(await callsOf(as, 'Rolled', 'WEEK')).toBe(0);
    expect(await callsOf(as, 'Rolled', 'THIRTY_DAYS')).toBe(60);

    now = START + 40 * DAY;
    await one.app.history.flush();
    expect(await rowsOf('Rolled')).toEqual([]);
  });

  /** Rows of days that are over, all due at once. */
  const daysOver = (count: number) =>
    Array.from({ length: count }, (_, name) => {
      const key = {
        kind: 'loader',
        name: `old${name}`,
        hash: '',
        operation: '',
        client: '',
      } as const;
      const sums = { calls: 1, errors: 0, rows: 1, hits: 0, totalMs: 1, maxMs: 1 };
      const row = metricRow(clock().toISOString(), key, { ...sums, histogram: { 1000: 1 } });
      return { ...row, resolution_seconds: 86_400, due_at: row.timestamp };
    });

  /** Slow statements of a time that is over. */
  const slowQueriesOver = (count: number): QueryPerformanceLogRow[] =>
    Array.from({ length: count }, (_, place) => ({
      timestamp: new Date(START - 40 * DAY + ((place * 37) % count)).toISOString(),
      query_type: 'select',
      execution_time_ms: 200,
      query_text: 'select ?',
      table_name: null,
      user_id: null,
      endpoint: null,
      row_count: 1,
      statement_hash: '',
      client: null,
      request_id: null,
    }));

  test('what is too old is deleted without waiting for the disk', async () => {
    const sent: string[] = [];
    const onStatement = ({ sql }: SentStatement) => sent.push(sql.replaceAll('`', '"'));
    const db = connect({ address: database.address, poolSize: 1, onStatement });
    await insertPerformanceMetrics(db, { id: 'old', rows: daysOver(2) }, 1000);
    sent.length = 0;
    expect(await performanceStore(db, 1000).deleteExpired(clock().toISOString())).toBe(2);
    await db.destroy();
    const deleted = sent.findIndex((sql) => sql.startsWith('delete from "performance_metrics"'));
    // SQLite waits for no disk anyway.
    expect(sent.slice(0, deleted).filter((sql) => !sql.startsWith('select'))).toEqual(
      kind.name === 'SQLite' ? [] : ['BEGIN;', 'SET LOCAL synchronous_commit = off'],
    );
    expect(deleted).toBeGreaterThan(0);
  });

  test('what was there at a time is deleted, and each row looked at once', async () => {
    const { db } = await start();
    const store = performanceStore(db, 1000);
    await store.insertMetrics({ id: 'past', rows: daysOver(30) });
    now += MINUTE;
    const time = clock().toISOString();
    await store.insertMetrics({ id: 'later', rows: daysOver(40) });
    expect(await store.deleteBefore(time)).toBe(50);
    expect(await store.deleteBefore(time)).toBe(20);
    expect(await db('performance_metrics').pluck('batch')).toEqual(Array(40).fill('later'));
    await store.insertMetrics({ id: 'newest', rows: daysOver(1) });
    expect(await store.deleteBefore(time)).toBe(1);
    expect(await store.deleteBefore(time)).toBe(0);
  });

  test('a step of deletion does not read what those before it deleted, though somebody may still see it', async ({
    skip,
  }) => {
    skip(kind.name === 'SQLite', 'SQLite leaves no dead rows to be read');
    const { db: holder } = await start();
    const searches: SentStatement[] = [];
    const db = connect({
      address: database.address,
      poolSize: 1,
      onStatement: (statement) => searches.push(statement),
    });
    onTestFinished(() => db.destroy());
    const store = performanceStore(db, 1000);

    /** Pages that the search of the last step reads when it is sent again, but for the rows it had found. */
    async function pagesRead(table: string): Promise<number> {
      const last = searches.findLast(
        ({ sql }) => sql.startsWith('select "id"') && sql.includes(table),
      );
      const { sql = '', bindings = [], rowCount = 0 } = last ?? {};
      const text = sql.replace(/\$\d+/g, '?').replace(/ limit \d+$/, ' limit 10');
      const { rows } = await db.raw(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`,
        // They were sent, so all of them are values.
        bindings as Knex.RawBinding[],
      );
      const plan = rows[0]['QUERY PLAN'][0].Plan;
      expect(plan['Actual Rows']).toBe(10);
      return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'] - rowCount;
    }

    async function mostPagesOfSteps(table: string): Promise<number> {
      await db.raw(`ANALYZE ${table}`);
      const reader = await holder.transaction({ isolationLevel: 'repeatable read' });
      await reader(table).first();
      const pages: number[] = [];
      for (let deleted = 0; deleted < 600; ) {
        deleted += await store.deleteExpired(clock().toISOString());
        pages.push(await pagesRead(table));
      }
      await reader.rollback();
      return Math.max(...pages);
    }

    await store.insertMetrics({ id: 'old', rows: daysOver(900) });
    expect(await mostPagesOfSteps('performance_metrics')).toBeLessThan(40);
    await store.insertSlowQueries(slowQueriesOver(900));
    expect(await mostPagesOfSteps('query_performance_logs')).toBeLessThan(40);
  });

  test('a roll-up that finds a row gone does nothing, and a batch that comes twice counts once', async () => {
    const { one } = await startTwo();
    const key = { kind: 'loader', name: 'once', hash: '', operation: '', client: '' } as const;
    const record = {
      calls: 2,
      errors: 0,
      rows: 2,
      hits: 0,
      totalMs: 3,
      maxMs: 2,
      histogram: { 1000: 1, 2000: 1 },
    };
    const row = metricRow(clock().toISOString(), key, record);
    const batch = { id: 'the same', rows: [row, row] };
    await insertPerformanceMetrics(one.app.background, batch, 1000);
    await insertPerformanceMetrics(one.app.background, batch, 1000);
    const stored: { id: number }[] = await one.db('performance_metrics').orderBy('id').select('id');
    expect(stored).toHaveLength(2);
    const ids = stored.map(({ id }) => id);
    const replace = (of: number[]) => replacePerformanceMetrics(one.app.background, of, [row]);
    expect(await replace([...ids, 1_000_000])).toBe(false);
    expect(await one.db('performance_metrics').orderBy('id').pluck('id')).toEqual(ids);
    expect(await replace(ids)).toBe(true);
    expect(await one.db('performance_metrics').pluck('id')).toHaveLength(1);
  });

  test('what took most time comes first, and pages hold each once', async () => {
    const { one, as } = await startTwo();
    const named = as.with({ 'graphql-client-name': 'pages' });
    for (let count = 0; count < 5; count += 1) await ask(named, `Stored${count}`, 2);
    await one.app.history.flush();
    for (let count = 0; count < 4; count += 1) await ask(named, `Fresh${count}`, 1);

    const found: { name: string; totalMs: number }[] = [];
    let after: string | null = null;
    for (let page = 0; page < 5; page += 1) {
      const { operations }: { operations: PageAnswer } = (
        await as.query(pageOf, { first: 2, after })
      ).performance;
      expect(operations.totalCount).toBe(9);
      expect(operations.pageInfo.hasNextPage).toBe(page < 4);
      found.push(...operations.edges.map(({ node }) => node));
      after = operations.pageInfo.endCursor ?? null;
    }
    expect(new Set(found.map(({ name }) => name)).size).toBe(9);
    expect(found.map(({ totalMs }) => totalMs)).toEqual(
      found.map(({ totalMs }) => totalMs).toSorted((a, b) => b - a),
    );
    const { operations } = (await as.query(pageOf, { last: 3 })).performance;
    expect(operations.edges.map(({ node }) => node.name)).toEqual(
      found.slice(-3).map(({ name }) => name),
    );
    expect(operations.pageInfo.hasPreviousPage).toBe(true);
    const tooMany =
      'query($first: Int) { performance { statements(first: $first) { edges { cursor } } } }';
    expect(await as.refusal(tooMany, { first: 101 })).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('clients, operations and their filters', async () => {
    const { one, as } = await startTwo();
    await ask(as.with({ 'graphql-client-name': 'web' }), 'Shared', 2);
    await ask(as.with({ 'graphql-client-name': 'phone' }), 'Shared', 3);
    await ask(as.with({ 'apollographql-client-name': 'phone' }), 'Own', 4);
    await one.app.history.flush();
    const clients = async (operation: string | null) => {
      const { performance } = await as.query<
        { performance: { clients: { edges: { node: { name: string; calls: number } }[] } } },
        { operation: string | null }
      >(
        'query ClientsOf($operation: String) { performance { clients(operation: $operation) { edges { node { name calls p95Ms } } } } }',
        { operation },
      );
      return Object.fromEntries(
        performance.clients.edges.map(({ node }) => [node.name, node.calls]),
      );
    };
    expect(await clients('Shared')).toEqual({ web: 2, phone: 3 });
    expect(await clients('Own')).toEqual({ phone: 4 });
    expect(await clients(null)).toMatchObject({ web: 2, phone: 7 });
    const { performance } = await as.query(operationsOf, { client: 'phone' });
    expect(
      performance.operations.edges.map(({ node }) => [node.name, node.calls]).toSorted(),
    ).toEqual([
      ['Own', 4],
      ['Shared', 3],
    ]);
  });

  test('the summary is of the window and of all processes', async () => {
    const { one, two, as, asOther } = await startTwo();
    await ask(asOther, 'Summed', 10);
    await two.app.history.flush();
    const before = (await as.query(summaryOf, {})).performance.summary;
    await ask(as, 'Summed', 5);
    const after = (await as.query(summaryOf, { window: 'HOUR' })).performance.summary;
    // The question before counts too.
    expect(after.requests.calls - before.requests.calls).toBe(6);
    expect(after.requests.p95Ms).toBeGreaterThan(0);
    expect(before.requests.calls).toBeGreaterThanOrEqual(10);
    expect(after.since).toBe(new Date(START - HOUR - MINUTE).toISOString());
    await one.app.history.flush();
    now = START + 2 * DAY;
    await one.app.history.flush();
    const later = (await as.query(summaryOf, { window: 'HOUR' })).performance.summary;
    expect(later.requests.calls).toBe(0);
  });

  test('a series has a point for each step, and not too many', async () => {
    const { one, as } = await startTwo();
    for (let minute = 0; minute < 5; minute += 1) {
      now = START + minute * MINUTE;
      await one.app.history.flush();
      one.app.monitor.recordGauge('moved', minute);
      one.app.monitor.recordGauge('moved', minute + 2);
    }
    const from = new Date(START).toISOString();
    const points = async (variables: object) =>
      (await as.query(seriesOf, { name: 'moved', from, ...variables })).performance.metrics;
    const minutes = await points({ resolution: 'MINUTE' });
    expect(minutes.map(({ at, maxMs }) => [at, maxMs])).toEqual(
      Array.from({ length: 5 }, (_, minute) => [
        new Date(START + minute * MINUTE).toISOString(),
        minute + 2,
      ]),
    );
    expect(await points({ resolution: 'HOUR' })).toMatchObject([
      { at: from, calls: 10, maxMs: 6, meanMs: 3 },
    ]);
    expect(
      (await points({ name: 'operation', kind: 'TOTAL', resolution: 'DAY' })).map(
        ({ calls }) => calls > 0,
      ),
    ).toEqual([true]);
    const refused = async (variables: object) => {
      const answer = await as.send(seriesOf, { name: 'moved', from, ...variables });
      return answer.errors.map(({ extensions, message }) => `${extensions.code}: ${message}`);
    };
    expect(await refused({ to: new Date(START + 30 * DAY).toISOString() })).toEqual([
      'BAD_USER_INPUT: The series would have 43200 points; the most are 1500. Ask for a shorter time or a coarser resolution.',
    ]);
    expect(await refused({ to: from })).toEqual([
      expect.stringMatching(/^BAD_USER_INPUT: "from" is/),
    ]);
  });

  test('slow statements are stored without their values', async () => {
    const api = await start({
      config: { monitor: { slowQueryMs: 0, sampleRate: 0, release: 'r' } },
    });
    const { user, as } = await api.given.administrator();
    await as.query('query Finds { jobs(filter: { model: "a secret word" }) { totalCount } }');
    await api.app.history.flush();
    const logs = await api.db('query_performance_logs').where({ endpoint: 'Finds' });
    expect(logs).toContainEqual(
      expect.objectContaining({
        query_type: 'select',
        table_name: 'jobs',
        user_id: user.id,
        client: 'unknown',
      }),
    );
    expect(JSON.stringify(logs)).not.toContain('a secret word');
  });

  const state = async (as: Client) => (await as.query(stateOf, {})).performance.history;

  test('while the tables are gone, requests are answered, and what was counted comes later', async () => {
    const { one, as } = await startTwo();
    await one.db.raw('ALTER TABLE performance_metrics RENAME TO elsewhere');
    await ask(as, 'Kept', 3);
    await one.app.history.flush();
    await ask(as, 'Kept', 4);
    now += MINUTE;
    await one.app.history.flush();
    expect(await state(as)).toMatchObject({
      lastFlushAt: null,
      failingSince: new Date(START).toISOString(),
      failure: expect.stringContaining('performance_metrics'),
      pendingEntries: expect.any(Number),
      lostCalls: 0,
    });
    expect(await as.refusal('{ performance { operations { totalCount } } }')).toMatchObject({
      code: 'HISTORY_UNAVAILABLE',
    });
    now += MINUTE;
    await one.app.watching.turn();
    expect(await troubles(as)).toMatchObject({
      alerts: [{ rule: 'FLUSH', level: 'CRITICAL' }],
      findings: [{ level: 'CRITICAL', what: expect.stringContaining('performance_metrics') }],
    });
    now -= MINUTE;
    await one.db.raw('ALTER TABLE elsewhere RENAME TO performance_metrics');
    expect(await callsOf(as, 'Kept')).toBe(7);
    await one.app.history.flush();
    expect(await callsOf(as, 'Kept')).toBe(7);
    expect(await state(as)).toEqual({
      lastFlushAt: new Date(START + MINUTE).toISOString(),
      failingSince: null,
      failure: null,
      pendingEntries: 0,
      lostCalls: 0,
    });
  });

  /** Open alerts and findings. */
  async function troubles(as: Client) {
    const { performance } = await as.query(alertsOf, {});
    return {
      alerts: performance.alerts.edges.map(({ node }) => node),
      findings: performance.findings.edges.map(({ node }) => node),
    };
  }

  interface LoggedAlert {
    type?: string;
    alert: { id: number | null; rule: string };
  }

  /** A server, and the alerts that it logs. */
  async function startLogged(options: ApiOptions = {}) {
    const logged: LoggedAlert[] = [];
    const logger = pino({ level: 'info' }, { write: (line) => logged.push(JSON.parse(line)) });
    const api = await start({ logger, ...options });
    const told = () =>
      logged
        .filter(({ type, alert }) => type?.startsWith('alert.') && alert.rule === 'flush')
        .map(({ type, alert }) => [type, alert.id === null ? 'not stored' : 'stored']);
    return { api, told };
  }

  /** Nothing of the monitor's can be stored any more, as on a disk that is full; gives what mends it. */
  async function fillDisk({ app, db }: TestApi): Promise<() => Promise<void>> {
    const tables = ['performance_metrics', 'query_performance_logs', 'alerts', 'findings'];
    if (kind.name === 'SQLite') {
      // The migrations left pages that are free.
      await db.raw('VACUUM');
      // Of this connection alone. What needs no new page would still find room, other than on a disk.
      await app.background.raw('PRAGMA max_page_count = 1');
      for (const table of tables.slice(2)) {
        await db.raw(`CREATE TRIGGER refused_${table} BEFORE INSERT ON ${table}
                      BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`);
      }
      return async () => {
        await app.background.raw('PRAGMA max_page_count = 4294967294');
        for (const table of tables.slice(2)) await db.raw(`DROP TRIGGER refused_${table}`);
      };
    }
    await db.raw(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE disk_full USING MESSAGE = 'could not extend file: disk is full'; END $$`);
    for (const table of tables) {
      await db.raw(
        `CREATE TRIGGER refused BEFORE INSERT OR UPDATE ON ${table} EXECUTE FUNCTION refuse()`,
      );
    }
    return async () => {
      await db.raw('DROP FUNCTION refuse() CASCADE');
    };
  }

  test('while the disk is full, it is the same, and the alert is told though it can’t be stored', async () => {
    const { api, told } = await startLogged();
    const { as } = await api.given.administrator();
    const mend = await fillDisk(api);
    // More than the free space in the last pages.
    for (let count = 0; count < 30; count += 1) await ask(as, `Full${count}`, 1);
    await ask(as, 'Full', 3);
    await api.app.history.flush();
    expect(await state(as)).toMatchObject({ failure: expect.stringMatching(/full/) });
    expect(await callsOf(as, 'Full')).toBe(3);
    await api.app.watching.turn();
    expect(told()).toEqual([]);
    now += MINUTE + 1;
    for (let turns = 0; turns < 2; turns += 1) await api.app.watching.turn();
    expect(told()).toEqual([['alert.opened', 'not stored']]);
    expect(await callsOf(as, 'Full')).toBe(3);

    await mend();
    await api.app.watching.turn();
    expect(told()).toEqual([
      ['alert.opened', 'not stored'],
      ['alert.opened', 'stored'],
    ]);
    expect(await troubles(as)).toMatchObject({
      alerts: [{ rule: 'FLUSH' }],
      findings: [{ what: expect.stringContaining('full') }],
    });
    await api.app.history.flush();
    expect(await state(as)).toMatchObject({ failingSince: null, lostCalls: 0, pendingEntries: 0 });
    expect(await callsOf(as, 'Full')).toBe(3);
    now += 3 * MINUTE;
    await api.app.watching.turn();
    expect(told().at(-1)).toEqual(['alert.closed', 'stored']);
    expect(await troubles(as)).toEqual({ alerts: [], findings: [] });
  });

  test('an alert that is over before it could be stored is told to be over', async () => {
    const { api, told } = await startLogged();
    const mend = await fillDisk(api);
    for (let count = 0; count < 30; count += 1) await ask(api.client, `Full${count}`, 1);
    await api.app.history.flush();
    now += MINUTE + 1;
    await api.app.watching.turn();
    await mend();
    await api.app.history.flush();
    await api.app.watching.turn();
    expect(told()).toEqual([
      ['alert.opened', 'not stored'],
      ['alert.closed', 'not stored'],
    ]);
  });

  test('while the tables are locked, requests do not wait', async () => {
    const patient = await start();
    const { api: impatient, told } = await startLogged({ backgroundTimeoutMs: 800 });
    const { as } = await impatient.given.administrator();
    const holder = await start();
    const lock = async () => {
      const transaction = await holder.db.transaction();
      await transaction.raw(
        kind.name === 'SQLite'
          ? "UPDATE config SET value = value WHERE key = 'none'"
          : 'LOCK TABLE performance_metrics IN ACCESS EXCLUSIVE MODE',
      );
      return transaction;
    };
    const first = await lock();
    let isFlushed = false;
    const flushed = patient.app.history.flush().then(() => {
      isFlushed = true;
    });
    await patient.client.query('{ __typename }');
    expect(isFlushed).toBe(false);
    await first.rollback();
    await flushed;
    expect(patient.app.history.state()).toMatchObject({ failure: null, pendingEntries: 0 });

    // What is looked at seldom is looked at now, and not while it is locked.
    await impatient.app.watching.turn();
    const second = await lock();
    await ask(as, 'Locked', 3);
    await impatient.app.history.flush();
    expect(await state(as)).toMatchObject({
      failingSince: expect.any(String),
      failure: expect.stringMatching(/timeout/),
    });
    now += MINUTE + 1;
    await impatient.app.watching.turn();
    // On SQLite the whole file is locked, and on PostgreSQL the table.
    expect(told()).toEqual([['alert.opened', kind.name === 'SQLite' ? 'not stored' : 'stored']]);
    await second.rollback();
    await impatient.app.history.flush();
    expect(await state(as)).toMatchObject({ failingSince: null, pendingEntries: 0 });
    expect(await callsOf(as, 'Locked')).toBe(3);
  });

  test('while the tables are locked, who asks for what they hold is told so, and the connections are free again', async ({
    skip,
  }) => {
    skip(kind.name === 'SQLite', 'on SQLite nobody can hold a table to himself');
    const { app, client, db, given } = await start({ backgroundTimeoutMs: 200 });
    const { as } = await given.administrator();
    await ask(client, 'Locked', 3);
    await app.history.flush();
    const fields: readonly [string, string][] = [
      ['performance_metrics', 'operations { totalCount }'],
      ['performance_metrics', 'summary { requests { calls } }'],
      ['performance_metrics', 'tables { name }'],
      ['alerts', 'alerts { totalCount }'],
      ['findings', 'findings { totalCount }'],
    ];
    for (const [table, field] of fields) {
      const lock = await db.transaction();
      await lock.raw(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      expect(await as.refusal(`{ performance { ${field} } }`), field).toMatchObject({
        code: 'HISTORY_UNAVAILABLE',
      });
      expect(readPool(app.background).used, field).toBe(0);
      // Who holds the lock can be seen meanwhile.
      await as.query('{ performance { activity { sessions { pid } } indexes { countedSince } } }');
      await lock.rollback();
      await as.query(`{ performance { ${field} } }`);
    }
    expect(await callsOf(as, 'Locked')).toBe(3);
  });

  test('resetPerformance begins anew, here at once, elsewhere with the next writing, and is audited', async () => {
    const { one, two, as, asOther } = await startTwo();
    await ask(as, 'Past', 3);
    await ask(asOther, 'Past', 4);
    await one.app.history.flush();
    await ask(as, 'Past', 1);
    now += MINUTE;
    const { user, as: nobody } = await one.given.user();
    expect(await nobody.refusal('mutation { resetPerformance }')).toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(user.role).toBe('user');
    expect(await as.query('mutation Begin { resetPerformance }')).toEqual({
      resetPerformance: new Date(START + MINUTE).toISOString(),
    });
    expect(await callsOf(as, 'Past')).toBe(0);
    expect(await callsOf(asOther, 'Past')).toBe(7);
    now += MINUTE;
    await ask(as, 'Past', 2);
    await two.app.history.flush();
    expect(await callsOf(asOther, 'Past')).toBe(0);
    await one.app.history.flush();
    expect(await callsOf(asOther, 'Past')).toBe(2);
    expect(
      await one
        .db('performance_metrics')
        .where('timestamp', '<', new Date(START + MINUTE).toISOString()),
    ).toEqual([]);
    expect(await one.db('audit_logs').where({ event_type: 'performance_reset' })).toMatchObject([
      { endpoint: 'Begin', severity: 'warning' },
    ]);
  });
});

interface PageAnswer {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
  edges: { node: { name: string; totalMs: number } }[];
}

describe('figures that wait', () => {
  const record = {
    calls: 1,
    errors: 0,
    rows: 0,
    hits: 0,
    totalMs: 1,
    maxMs: 1,
    histogram: { 1000: 1 },
  };
  const rowsAt = (time: number, names: number) =>
    Array.from({ length: names }, (_, name) =>
      metricRow(
        new Date(time).toISOString(),
        { kind: 'operation', name: `Operation${name}`, hash: '', operation: '', client: '' },
        record,
      ),
    );
  const callsIn = (pending: PendingMetrics) =>
    pending.batches.flatMap(({ rows }) => rows).reduce((sum, { calls }) => sum + calls, 0);

  test('are bounded: those of an hour become one, and beyond that the oldest are counted as lost', () => {
    const pending = new PendingMetrics(500);
    for (let minute = 0; minute < 60; minute += 1)
      pending.add(rowsAt(START + minute * MINUTE, 200));
    expect(pending.size).toBeLessThanOrEqual(500);
    expect(callsIn(pending)).toBe(60 * 200);
    expect(pending.lostCalls).toBe(0);
    for (let hour = 1; hour < 10; hour += 1) pending.add(rowsAt(START + hour * HOUR, 200));
    expect(pending.size).toBeLessThanOrEqual(500);
    expect(callsIn(pending) + pending.lostCalls).toBe(60 * 200 + 9 * 200);
    expect(pending.lostCalls).toBeGreaterThan(0);
  });

  test('a batch that may have been written stays as it is', () => {
    const pending = new PendingMetrics(150);
    pending.add(rowsAt(START, 100));
    const tried = pending.first;
    if (tried) tried.wasTried = true;
    pending.add(rowsAt(START + MINUTE, 50));
    pending.add(rowsAt(START + 2 * MINUTE, 50));
    expect(pending.first).toBe(tried);
    expect(pending.size).toBe(150);
  });
});

describe('a step of deletion', () => {
  test('takes fewer rows where the last took long, and more where it was quick', async () => {
    let now = 0;
    const size = new StepSize(() => now);
    const sizes: number[] = [];
    for (const tookMs of [30, 60, 60, 60, 5, 5, 5, 5, 100, 20]) {
      await size.run(async (rows) => {
        sizes.push(rows);
        now += tookMs;
      });
    }
    expect(sizes).toEqual([50, 50, 25, 25, 25, 50, 100, 200, 200, 100]);
  });

  test('that fails for its length is smaller the next time', async () => {
    let now = 0;
    const size = new StepSize(() => now);
    const failing = size.run(async () => {
      now += 5000;
      throw new Error('timeout');
    });
    await expect(failing).rejects.toThrow('timeout');
    expect(await size.run(async (rows) => rows)).toBe(25);
  });
});
