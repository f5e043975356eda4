import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintOf } from '../src/perf/fingerprint.ts';
import { graphql } from './graphql/gql.ts';
import { startApi, type TestApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases, type TestDatabase } from './harness/databases.ts';

const truthQuery = graphql(`query Truth {
  performance {
    truth { against reason processes statements unsettled calls rows isExact drift { statement calls rows } }
    alerts(filter: { onlyOpen: true }) { edges { node { rule level value } } }
    findings(filter: { kind: DRIFT }) { edges { node { statement what } } }
  }
}`);

const TURN_MS = 10_000;

/** So many requests at once. */
const LINES = 8;

/** `TRUTH_TEST_REQUESTS=10000` takes some minutes. */
const REQUESTS = Number(process.env.TRUTH_TEST_REQUESTS ?? 1000);

/** They take a fraction of it, but on a machine that does much else. */
const timeout = REQUESTS * 60;

const [sqlite, postgres] = databases;
if (!sqlite || !postgres) throw new Error('there are two kinds of databases');

let now = Date.now();

const start = (database: TestDatabase): Promise<TestApi> =>
  startApi(database, {
    clock: () => new Date(now),
    // The plans of slow statements would be asked for in between.
    config: { monitor: { slowQueryMs: 1_000_000, sampleRate: 0, release: 'test' } },
  });

/** A look of all processes at the same moment. */
async function turn(...apis: readonly TestApi[]): Promise<void> {
  now += TURN_MS;
  await Promise.all(apis.map((api) => api.app.watching.turn()));
}

async function told(as: Client) {
  const { performance } = await as.query(truthQuery);
  const alerts = performance.alerts.edges.map(({ node }) => node);
  const findings = performance.findings.edges.map(({ node }) => node);
  return { truth: performance.truth, alerts, findings };
}

/** Lets the monitor miss the next statement of which this is a part. */
function withhold(api: TestApi, part: string): void {
  const { monitor } = api.app;
  const record = monitor.recordStatement;
  monitor.recordStatement = (statement) => {
    if (statement.sql.includes(part)) monitor.recordStatement = record;
    else record(statement);
  };
}

/** Lets the monitor hear of the next statement of which this is a part only when it is told to. */
function hold(api: TestApi, part: string): () => void {
  const { monitor } = api.app;
  const record = monitor.recordStatement;
  let tell = (): void => {};
  monitor.recordStatement = (statement) => {
    if (!statement.sql.includes(part)) return record(statement);
    monitor.recordStatement = record;
    tell = () => record(statement);
  };
  return () => tell();
}

const READ = 'query Read { jobs(first: 3) { edges { node { id metadata { tokens } } } } }';

/** Operations of many kinds: pages, lists in lists, single objects, writes. */
const kinds: readonly ((as: Client, index: number) => Promise<unknown>)[] = [
  (as, index) =>
    as.query(
      `query Pages($first: Int!) { jobs(first: $first) { edges { node { user { username } metadata { tokens }
        segments(first: 2) { edges { node { text } } } } } } }`,
      { first: index % 7 },
    ),
  (as) => as.query(READ),
  (as) => as.query('query Viewer { viewer { id username } }'),
  (as) =>
    as.query(
      'query Users { users(first: 3) { edges { node { jobs(first: 2) { edges { cursor } } } } } }',
    ),
  (as) => as.query('query Log { auditLogs(first: 5) { edges { node { eventType } } } }'),
  (as, index) =>
    as.query(
      `query Filtered($model: String!) { jobs(first: 2, filter: { model: $model }) { edges { node { id } } } }`,
      { model: index % 2 === 0 ? 'small' : 'none' },
    ),
];

/** What takes longer comes more seldom. */
const seldom: readonly ((as: Client, index: number) => Promise<unknown>)[] = [
  (as, index) =>
    as.query(
      `mutation Create($filename: String!) {
        createJob(input: { filename: $filename, fileSizeBytes: 1000, model: "small" }) { __typename }
      }`,
      { filename: `recording-${index}.mp3` },
    ),
  (as) => as.query('query Statistics { jobStatistics { count byModel { model } } }'),
  (as) =>
    as.query('query Search { searchJobs(query: "recording", first: 3) { edges { cursor } } }'),
  (as) =>
    as.query('mutation { login(username: "nobody", password: "not the one") { __typename } }'),
  (as) => as.query('query Count { jobs(first: 1) { totalCount } }'),
];

/** So many mixed requests, in some lines side by side. */
async function sendMixed(
  as: Client,
  count: number,
  between: () => PromiseLike<unknown> = async () => undefined,
): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const send =
        index % 20 === 0 ? seldom[(index / 20) % seldom.length] : kinds[index % kinds.length];
      await send?.(as, index);
      await between();
    }
  };
  await Promise.all(Array.from({ length: LINES }, line));
}

type Counts = Record<string, { calls: number; rows: number }>;

interface CountedStatement {
  query: string;
  calls: number;
  rows: number;
  milliseconds: number;
}

/**
 * What PostgreSQL counted in this database, by fingerprint. What reads the counts is left out, and how the
 * connection that listens asks whether it is still there: both are not the monitor's to count.
 */
async function countedBy({ app }: TestApi): Promise<{ counts: Counts; milliseconds: number }> {
  const { rows } = await app.background.raw<{ rows: CountedStatement[] }>(
    `SELECT query, calls, rows, total_exec_time AS milliseconds FROM pg_stat_statements
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND query NOT LIKE '%pg_stat_statements%' AND query NOT LIKE '%version()%'
        AND query <> 'SELECT $1'`,
  );
  const counts: Counts = {};
  let milliseconds = 0;
  for (const { query, calls, rows: rowCount, milliseconds: taken } of rows) {
    const { text } = fingerprintOf(query);
    const count = counts[text] ?? { calls: 0, rows: 0 };
    counts[text] = { calls: count.calls + calls, rows: count.rows + rowCount };
    milliseconds += taken;
  }
  return { counts, milliseconds };
}

describe('what the monitor counted on PostgreSQL', () => {
  let database: TestDatabase;
  let api: TestApi;
  let administrator: Client;

  beforeAll(async () => {
    database = await postgres.create();
    api = await start(database);
    // Figures are written once a minute: in the middle of many requests.
    await api.app.history.stop();
    await api.db.raw('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    const { user, as } = await api.given.administrator();
    administrator = as;
    for (let count = 0; count < 30; count += 1) {
      const job = await api.given.job({ user });
      await api.given.metadata({ job });
      await api.given.segments(job, ['one', 'two', 'three']);
    }
    await administrator.query('{ viewer { id } }');
  });

  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  /** What the monitor counted of the statements that `isWanted`, by their text. */
  function recorded(isWanted: (text: string) => boolean): { counts: Counts; milliseconds: number } {
    const counts: Counts = {};
    let milliseconds = 0;
    for (const { kind, name, aggregate } of api.app.monitor.current().entries) {
      if (kind !== 'statement' || !isWanted(name)) continue;
      const { calls, rows, totalMs } = aggregate.figures();
      const count = counts[name] ?? { calls: 0, rows: 0 };
      counts[name] = { calls: count.calls + calls, rows: count.rows + rows };
      milliseconds += totalMs;
    }
    return { counts, milliseconds };
  }

  test('is what pg_stat_statements counted, over mixed requests: calls and rows', {
    timeout,
  }, async () => {
    await api.db.raw('SELECT pg_stat_statements_reset()');
    api.app.monitor.drain();
    await sendMixed(administrator, REQUESTS);
    const { counts } = recorded(() => true);
    expect(counts).toEqual((await countedBy(api)).counts);
    expect(Object.keys(counts).length).toBeGreaterThan(14);
  });

  // The machine does other things, too.
  test('is what it took by pg_stat_statements and a round trip each', {
    timeout,
    retry: 2,
  }, async () => {
    const { db, monitor } = api.app;
    await db.raw('SELECT pg_stat_statements_reset()');
    monitor.drain();
    // After each request, what a statement costs beside its execution, on the same way. Nobody else sends it.
    await sendMixed(administrator, REQUESTS, () => db.raw('SELECT 1, 1'));
    const counted = await countedBy(api);
    const { counts, milliseconds } = recorded(() => true);
    const pings = recorded((text) => text === 'SELECT ?, ?');
    const calls = Object.values(counts).reduce((sum, count) => sum + count.calls, 0);
    const roundTripMs = pings.milliseconds / (pings.counts['SELECT ?, ?']?.calls ?? 0);
    const ratio = milliseconds / (counted.milliseconds + calls * roundTripMs);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
  });

  test('stays so while it runs: nothing differs, in looks between requests and among them', async () => {
    await turn(api);
    const sending = sendMixed(administrator, 200);
    for (let looks = 0; looks < 3; looks += 1) await turn(api);
    await sending;
    await turn(api);
    const { truth, alerts, findings } = await told(administrator);
    expect(truth).toMatchObject({
      against: 'PG_STAT_STATEMENTS',
      reason: null,
      processes: 1,
      unsettled: 0,
      isExact: true,
    });
    expect(truth?.calls).toBeGreaterThan(200);
    expect(alerts.filter(({ rule }) => rule === 'TRUTH')).toEqual([]);
    expect(findings).toEqual([]);
  });

  test('what other programs send is no difference', async () => {
    await onDatabase(database, 'SELECT id, original_filename FROM jobs');
    await turn(api);
    await turn(api);
    expect((await told(administrator)).truth).toMatchObject({ isExact: true });
  });

  test('counts that the database began anew raise no alarm', async () => {
    await api.app.background.raw('SELECT pg_stat_statements_reset()');
    for (let looks = 0; looks < 3; looks += 1) await turn(api);
    const { truth } = await told(administrator);
    expect(truth).toMatchObject({ against: 'PG_STAT_STATEMENTS', isExact: true });
  });

  test('a record that comes late is no drift: what one look alone sees may be a moment', async () => {
    await administrator.query(READ);
    await turn(api);
    const tell = hold(api, 'from "jobs"');
    await administrator.query(READ);
    await turn(api);
    expect((await told(administrator)).truth).toMatchObject({ isExact: true, drift: [] });
    tell();
    for (let looks = 0; looks < 2; looks += 1) await turn(api);
    const { truth, alerts } = await told(administrator);
    expect(truth).toMatchObject({ isExact: true, drift: [] });
    expect(alerts.filter(({ rule }) => rule === 'TRUTH')).toEqual([]);
  });

  test('one record that is withheld raises an alert within a minute, and a finding names it', {
    timeout,
  }, async () => {
    await turn(api);
    const looks = 6;
    // So many requests in a minute; it is withheld among the first of them.
    const part = REQUESTS / looks;
    let alert: { rule: string } | undefined;
    for (let look = 0; look < looks && !alert; look += 1) {
      const sending = sendMixed(administrator, part);
      if (look === 0) withhold(api, 'from "jobs"');
      await sending;
      await turn(api);
      alert = (await told(administrator)).alerts.find(({ rule }) => rule === 'TRUTH');
    }
    expect(alert).toMatchObject({ level: 'CRITICAL' });
    const { truth, findings } = await told(administrator);
    expect(truth).toMatchObject({ isExact: false, drift: [{ calls: 1 }] });
    expect(findings).toMatchObject([
      {
        statement: expect.stringContaining('from jobs'),
        what: expect.stringMatching(
          /^The monitor counted 1 calls and \d+ rows fewer than pg_stat_statements\.$/,
        ),
      },
    ]);
  });
});

/** Sends a statement as another program does. */
async function onDatabase({ address }: TestDatabase, sql: string): Promise<void> {
  const client = new pg.Client(address.kind === 'postgres' ? address.url : '');
  await client.connect();
  await client.query(sql);
  await client.end();
}

describe('what several processes counted on PostgreSQL', () => {
  let database: TestDatabase;
  let one: TestApi;
  let other: TestApi;
  let asOne: Client;
  let asOther: Client;

  beforeAll(async () => {
    database = await postgres.create();
    one = await start(database);
    await one.db.raw('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    const { user, as } = await one.given.administrator();
    asOne = as;
    const job = await one.given.job({ user });
    await one.given.metadata({ job });
    other = await start(database);
    asOther = other.client.as(one.given.tokenOf(user).token);
  });

  afterAll(async () => {
    await one.stop();
    await other.stop();
    await database.drop();
  });

  test('is added up, while they send side by side', async () => {
    await turn(one, other);
    await turn(one, other);
    await Promise.all([asOne.query(READ), asOther.query(READ), asOther.query(READ)]);
    for (let looks = 0; looks < 3; looks += 1) await turn(one, other);
    for (const as of [asOne, asOther]) {
      expect((await told(as)).truth).toMatchObject({ processes: 2, isExact: true, drift: [] });
    }
  });

  test('a process that ends, and one that begins, make no difference', async () => {
    await asOther.query(READ);
    await other.stop();
    other = await start(database);
    asOther = other.client.with(asOther.headers);
    await asOther.query(READ);
    for (let looks = 0; looks < 4; looks += 1) {
      await Promise.all([asOne.query(READ), asOther.query(READ)]);
      await turn(one, other);
    }
    expect((await told(asOne)).truth).toMatchObject({ processes: 3, isExact: true, drift: [] });
  });

  test('a record that one of them lost is seen by all', async () => {
    withhold(other, '"metadata"');
    for (let looks = 0; looks < 4; looks += 1) {
      await Promise.all([asOne.query(READ), asOther.query(READ)]);
      await turn(one, other);
    }
    for (const as of [asOne, asOther]) {
      expect((await told(as)).truth).toMatchObject({ drift: [{ calls: 1, rows: 1 }] });
    }
    expect((await told(asOne)).alerts).toMatchObject([{ rule: 'TRUTH' }]);
  });
});

describe.each([
  { name: 'SQLite', kind: sqlite, why: /^SQLite counts no statements/ },
  { name: 'PostgreSQL without the extension', kind: postgres, why: /is not installed/ },
])('what the monitor counted on $name', ({ kind, why }) => {
  let database: TestDatabase;
  let api: TestApi;

  beforeAll(async () => {
    database = await kind.create();
    api = await start(database);
  });

  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  test('is held against what the driver told; a record that is late is not seen, one that is withheld is', async () => {
    const { user, as } = await api.given.administrator();
    const job = await api.given.job({ user });
    await api.given.metadata({ job });
    await turn(api);
    await as.query(READ);
    await turn(api);
    expect((await told(as)).truth).toMatchObject({
      against: 'DRIVER',
      reason: expect.stringMatching(why),
      isExact: true,
    });
    const tell = hold(api, 'metadata');
    await as.query(READ);
    await turn(api);
    expect((await told(as)).truth).toMatchObject({ isExact: true });
    tell();
    withhold(api, 'metadata');
    await as.query(READ);
    for (let looks = 0; looks < 2; looks += 1) await turn(api);
    const { truth, alerts } = await told(as);
    expect(truth).toMatchObject({ drift: [{ calls: 1, rows: 1 }] });
    expect(alerts.filter(({ rule }) => rule === 'TRUTH')).toHaveLength(1);
  });
});
