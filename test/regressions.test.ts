import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphql } from './graphql/gql.ts';
import { startApi, type TestApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases, type TestDatabase } from './harness/databases.ts';
import { plantedSchema } from './harness/plantedSchema.ts';

const regressions = graphql(`query Regressions($includeClosed: Boolean) {
  performance {
    findings(first: 100, filter: { kind: REGRESSION, includeClosed: $includeClosed }) { edges { node {
      key level what traceId statement remedy remedySql firstSeen lastSeen sinceRelease closedAt
    } } }
    alerts(filter: { onlyOpen: true }) { edges { node { rule level value threshold unit what } } }
  }
}`);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;
const START = Date.parse('2026-03-02T12:40:00.000Z');
const NOW = START + WEEK;

/** What some statements take, in milliseconds, in the week before and in the last two half-hours; and how often they come. */
const statements = {
  slower: { before: 20, earlier: 60, later: 70, calls: 40 },
  muchSlower: { before: 50, earlier: 400, later: 400, calls: 40 },
  moment: { before: 20, earlier: 20, later: 200, calls: 40 },
  past: { before: 20, earlier: 200, later: 20, calls: 40 },
  seldom: { before: 20, earlier: 200, later: 200, calls: 29 },
  little: { before: 20, earlier: 28, later: 28, calls: 40 },
  quick: { before: 0.5, earlier: 4, later: 4, calls: 40 },
  faster: { before: 60, earlier: 20, later: 20, calls: 40 },
} as const;

const textOf = (name: string): string => `select ${name} from jobs where id = ?`;
const planted: ReadonlySet<string> = new Set(Object.keys(statements).map(textOf));

describe.each(databases)('what became slower than in the week before on $name', (kind) => {
  let database: TestDatabase;
  let api: TestApi;
  let administrator: Client;
  let now = START;

  const start = (release: string) =>
    startApi(database, {
      schema: plantedSchema(),
      clock: () => new Date(now),
      config: { monitor: { slowQueryMs: 100, sampleRate: 0, release } },
    });

  /** Statements as the driver would tell of them. */
  function plant(name: string, durationMs: number, calls: number): void {
    for (let call = 0; call < calls; call += 1) {
      api.app.monitor.recordStatement({
        sql: textOf(name),
        bindings: [],
        startedAt: performance.now(),
        // One in a hundred is far slower, as ever.
        durationMs: call === 0 ? durationMs * 2 : durationMs,
        waitedMs: null,
        rowCount: 1,
        failed: false,
        holdsThread: false,
      });
    }
  }

  /** What is counted at a time, and written. */
  async function countedAt(time: number, count: () => void | Promise<void>): Promise<void> {
    now = time;
    await api.app.history.flush();
    await count();
    await api.app.history.flush();
  }

  async function plantAll(half: 'before' | 'earlier' | 'later', milliseconds: number) {
    for (const [name, { calls, ...durations }] of Object.entries(statements)) {
      plant(name, durations[half], calls);
    }
    // One after another where it should be quick, and side by side where it only waits.
    const lines = milliseconds === 0 ? 1 : 10;
    for (let sent = 0; sent < 40; sent += lines) {
      await Promise.all(
        Array.from({ length: lines }, () =>
          administrator.send(`query Report { sleepInResolver(milliseconds: ${milliseconds}) }`),
        ),
      );
    }
  }

  beforeAll(async () => {
    database = await kind.create();
    api = await start('1.0.0');
    ({ as: administrator } = await api.given.administrator());
    // In the hours that the last two half-hours lie in.
    await countedAt(START - 50 * MINUTE, () => plantAll('before', 0));
    for (const hours of [1, 2, 3, 4]) {
      await countedAt(START + hours * HOUR, () => plant('slower', 20, 40));
    }
    await countedAt(NOW - 50 * MINUTE, () => plantAll('earlier', 800));
    await countedAt(NOW - 10 * MINUTE, () => plantAll('later', 800));
    now = NOW;
  });

  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  async function found({ includeClosed = false } = {}) {
    await api.app.watching.turn();
    const { performance } = await administrator.query(regressions, { includeClosed });
    return {
      // On a busy machine other statements may become slower by themselves.
      nodes: performance.findings.edges
        .map(({ node }) => node)
        .filter(({ statement, what }) => planted.has(statement ?? '') || /Report/.test(what)),
      alerts: performance.alerts.edges
        .map(({ node }) => node)
        .filter(({ rule }) => rule === 'REGRESSION'),
    };
  }

  test('is found with both figures, its evidence and its release; moments, few calls and little are not', async () => {
    const { nodes } = await found();
    const byWhat = nodes.toSorted((a, b) => a.what.localeCompare(b.what));
    expect(byWhat).toMatchObject([
      { level: 'CRITICAL', statement: textOf('muchSlower') },
      {
        level: 'WARNING',
        what: expect.stringMatching(
          /^A statement takes 60 ms at its 95th percentile; .* took 20 ms\.$/,
        ),
        statement: textOf('slower'),
      },
      {
        key: expect.stringMatching(/^regression:operation:/),
        what: expect.stringMatching(/^The operation Report takes \d{3,} ms at its 95th percentile/),
        traceId: expect.any(String),
        statement: null,
        remedySql: null,
        firstSeen: new Date(NOW).toISOString(),
        sinceRelease: '1.0.0',
        closedAt: null,
      },
    ]);
    const { performance } = await administrator.query<
      { performance: { trace: { operationName: string } } },
      { id: string }
    >('query Evidence($id: String!) { performance { trace(id: $id) { operationName } } }', {
      id: byWhat[2]?.traceId ?? '',
    });
    expect(performance.trace).toEqual({ operationName: 'Report' });
  });

  test('raises one alert, of what became slower by the greatest factor', async () => {
    const { alerts } = await found();
    expect(alerts).toMatchObject([{ level: 'WARNING', threshold: 2, unit: 'times' }]);
    expect(alerts[0]?.value).toBeGreaterThan(5);
  });

  test('is the same for a process that starts later, which keeps its first release', async () => {
    const other = await start('2.0.0');
    try {
      now += MINUTE;
      await other.app.watching.turn();
      const { nodes } = await found();
      expect(nodes).toHaveLength(3);
      expect(nodes.map(({ sinceRelease }) => sinceRelease)).toEqual(Array(3).fill('1.0.0'));
      expect(nodes[0]?.lastSeen).toBe(new Date(now).toISOString());
    } finally {
      await other.stop();
    }
  });

  test('stays found until it is clearly better, and then is over by itself', async () => {
    // A third longer than in the week before: this alone would not be found.
    await countedAt(NOW + 20 * MINUTE, () => plant('slower', 27, 40));
    await countedAt(NOW + 50 * MINUTE, () => plant('slower', 27, 40));
    now = NOW + HOUR;
    const { nodes } = await found();
    expect(nodes.find(({ statement }) => statement === textOf('slower'))).toMatchObject({
      lastSeen: new Date(now).toISOString(),
      what: expect.stringContaining('takes 27 ms'),
    });

    await countedAt(NOW + 80 * MINUTE, () => plant('slower', 20, 40));
    await countedAt(NOW + 110 * MINUTE, () => plant('slower', 20, 40));
    now = NOW + 2 * HOUR;
    const open = (await found()).nodes.map(({ statement }) => statement);
    expect(open).toContain(textOf('slower'));
    now = NOW + 3 * HOUR + 11 * MINUTE;
    expect(await found()).toEqual({ nodes: [], alerts: [] });
    const closed = await found({ includeClosed: true });
    expect(closed.nodes).toHaveLength(3);
  });

  test('is not found where everything began anew within the week', async () => {
    await countedAt(NOW + 4 * HOUR - 45 * MINUTE, () => plant('slower', 60, 40));
    await countedAt(NOW + 4 * HOUR - 10 * MINUTE, () => plant('slower', 60, 40));
    now = NOW + 4 * HOUR;
    expect((await found()).nodes).toHaveLength(1);
    await administrator.query('mutation { resetPerformance }');
    // What was counted before is still in the table.
    now += 11 * MINUTE;
    const { nodes, alerts } = await found();
    expect(nodes).toMatchObject([{ lastSeen: new Date(NOW + 4 * HOUR).toISOString() }]);
    expect(alerts).toMatchObject([{ value: 3 }]);
    now += 2 * MINUTE;
    expect((await found()).alerts).toEqual([]);
    now = NOW + 7 * HOUR;
    expect((await found()).nodes).toEqual([]);
  });
});
