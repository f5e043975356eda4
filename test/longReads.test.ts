import { beforeAll, describe, expect, test } from 'vitest';
import { fillDemo } from '../seed/fill.ts';
import { Turns } from '../src/db/turns.ts';
import type { UserRow } from '../src/db/users.ts';
import { fingerprintOf } from '../src/perf/fingerprint.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const PERIOD = 'from: "2025-03-01T12:00:00Z", to: "2026-03-01T12:00:00Z"';

/** Fields that may read more than they answer, with a part of the statement that they send. */
const long: Record<string, { field: string; sends: RegExp }> = {
  'figures of jobs': { field: `jobStatistics(${PERIOD}) { count }`, sends: /worked_count/ },
  'figures of transcripts': {
    field: `metadataAnalytics(${PERIOD}) { count }`,
    sends: /token_class/,
  },
  'the busiest users': { field: `userActivity(${PERIOD}) { createdJobs }`, sends: /created DESC/ },
  'security events': { field: `securityEvents(${PERIOD}) { count }`, sends: /count DESC/ },
  'a count of jobs': { field: 'jobs(first: 1) { totalCount }', sends: /job_rollups/ },
  'a count of jobs by their length': {
    field: 'jobs(first: 1, filter: { durationSeconds: { from: 60 } }) { totalCount }',
    sends: /count\(\*\)/,
  },
  'the longest job': {
    field: `jobStatistics(${PERIOD}) { longestDurationSeconds }`,
    sends: /longest_of_day/,
  },
  'a count of users': { field: 'users(first: 1) { totalCount }', sends: /count\(\*\)/ },
  'a count of the audit log': { field: 'auditLogs(first: 1) { totalCount }', sends: /count\(\*\)/ },
  'counts of jobs of users': {
    field: 'users(first: 3) { edges { node { jobs(first: 1) { totalCount } } } }',
    sends: /job_rollups/,
  },
  'counts of jobs by status': {
    field: 'users(first: 3) { edges { node { jobCounts { count } } } }',
    sends: /job_rollups/,
  },
  'counts of the audit log of users': {
    field: 'users(first: 3) { edges { node { auditLogs(first: 1) { totalCount } } } }',
    sends: /count\(\*\)/,
  },
  'counts of segments': {
    field:
      'jobs(first: 3, filter: { status: COMPLETED }) { edges { node { segments { totalCount } } } }',
    sends: /count\(\*\)/,
  },
  'a search of jobs': {
    field: 'searchJobs(query: "meeting", first: 2) { edges { cursor } }',
    sends: /[`"]found[`"]\.[`"]matches[`"]/,
  },
  'passages of found jobs': {
    field: 'searchJobs(query: "meeting", first: 2) { edges { node { highlight { text } } } }',
    sends: /abstract[`"], [`"]summary[`"]/,
  },
  'a search of transcripts': {
    field: 'searchSegments(query: "the", first: 2) { edges { cursor } }',
    sends: /segment_search|searched_words/,
  },
  'jobs in an order that no index has': {
    field:
      'jobs(first: 2, filter: { status: FAILED }, orderBy: { field: DURATION }) { edges { cursor } }',
    sends: /coalesce/,
  },
  'jobs of users in such an order': {
    field: `users(first: 3) { edges { node {
      jobs(first: 2, filter: { model: "small" }, orderBy: { field: FILE_SIZE }) { edges { cursor } } } } }`,
    sends: /coalesce/,
  },
  'users in such an order': {
    field:
      'users(first: 2, filter: { role: ADMIN }, orderBy: { field: USERNAME }) { edges { cursor } }',
    sends: /role/,
  },
  'the audit log, filtered as no index does': {
    field:
      'auditLogs(first: 2, filter: { severity: WARNING, endpoint: "Login" }) { edges { cursor } }',
    sends: /severity/,
  },
};

/** Fields that read no more than they answer. */
const short: readonly string[] = [
  'jobs(first: 2) { edges { node { user { id } metadata { tokens } } } }',
  'jobs(first: 2, filter: { status: COMPLETED, model: "small" }) { edges { cursor } }',
  'jobs(first: 2, orderBy: { field: DURATION }) { edges { cursor } }',
  'users(first: 3) { edges { node { jobs(first: 2, orderBy: { field: FILE_SIZE }) { edges { cursor } } } } }',
  'users(first: 2, filter: { role: ADMIN }) { edges { cursor } }',
  'auditLogs(first: 2, filter: { severity: WARNING }) { edges { cursor } }',
];

const aliased = (count: number, field: string): string =>
  `{ ${Array.from({ length: count }, (_, index) => `field${index}: ${field}`).join(' ')} }`;

describe.each(databases)('long reads on $name', (kind) => {
  const api = useApi(kind, { config: { limits: { cost: 1e9, depth: 1e9, breadth: 1e9 } } });
  const isSqlite = kind.name === 'SQLite';
  let as: Client;
  let other: Client;

  beforeAll(async () => {
    await fillDemo(api.db, { users: 20, jobs: 2000, now: NOW, hashedPassword: 'none' });
    const clientOf = (user: UserRow): Client => api.client.as(api.given.tokenOf(user).token);
    as = clientOf(await api.db('users').where({ role: 'admin', is_active: true }).first());
    other = (await api.given.administrator()).as;
    await Promise.all([as.query('{ viewer { id } }'), other.query('{ viewer { id } }')]);
  }, 120_000);

  test.each(Object.entries(long))(
    '%s are not read on the thread that serves',
    async (_name, entry) => {
      api.forgetStatements();
      const answer = await as.with({ 'x-performance': '1' }).send(`query Long { ${entry.field} }`);
      expect(answer.errors).toEqual([]);
      const sent = api.statements.filter(({ sql }) => entry.sends.test(sql));
      expect(sent).toHaveLength(1);
      expect(sent).toMatchObject([{ holdsThread: false, failed: false }]);
      // Booked to the request that sent it, and to the field that asked.
      const [text] = sent.map(({ sql }) => fingerprintOf(sql).text);
      const { statements } = answer.extensions.performance as {
        statements: { statement: string; askedBy: string[] }[];
      };
      const booked = statements.filter(({ statement }) => statement === text);
      const askers = booked.map(({ askedBy }) => askedBy.map((path) => path.split('.')[0]));
      expect(askers).toEqual([[entry.field.split('(')[0]]]);
    },
  );

  test.each(short)('%s is read where it is asked', async (field) => {
    api.forgetStatements();
    await as.query(`{ ${field} }`);
    expect(api.statements.length).toBeGreaterThan(0);
    expect(new Set(api.statements.map(({ holdsThread }) => holdsThread))).toEqual(
      new Set([isSqlite]),
    );
  });

  test('see what the request before them changed', async () => {
    const count = async (): Promise<number> => {
      const { jobs } = await as.query<{ jobs: { totalCount: number } }, object>(
        '{ jobs(first: 1) { totalCount } }',
      );
      return jobs.totalCount;
    };
    const before = await count();
    for (let created = 1; created <= 5; created += 1) {
      await as.query(`mutation {
        createJob(input: { filename: "a.mp3", fileSizeBytes: 1, model: "small" }) { __typename }
      }`);
      expect(await count()).toBe(before + created);
    }
  });

  test('let others be answered while one asks for 149 counts of a search', async () => {
    let isDone = false;
    const many = as
      .query(aliased(149, 'searchJobs(query: "meeting", first: 1) { totalCount }'))
      .then(() => {
        isDone = true;
      });
    let answers = 0;
    while (!isDone) {
      await other.query('{ jobs(first: 5) { edges { node { user { username } } } } }');
      answers += 1;
    }
    await many;
    expect(answers).toBeGreaterThan(10);
  });
});

describe('long reads on SQLite', () => {
  const [sqlite] = databases;
  if (!sqlite) throw new Error('there is no database');
  const api = useApi(sqlite, { config: { limits: { cost: 1e9, depth: 1e9, breadth: 1e9 } } });
  const statistics = `jobStatistics(${PERIOD}) { count }`;

  beforeAll(async () => {
    await fillDemo(api.db, { users: 20, jobs: 2000, now: NOW, hashedPassword: 'none' });
  }, 120_000);

  test('of one viewer, however many, are not in the way of another', async () => {
    const { as } = await api.given.administrator();
    const { as: other } = await api.given.administrator();
    let isDone = false;
    const many = Promise.all(
      Array.from({ length: 2 }, () => as.query(aliased(40, statistics))),
    ).then(() => {
      isDone = true;
    });
    for (let count = 0; count < 5; count += 1) await other.query(`{ ${statistics} }`);
    expect(isDone).toBe(false);
    await many;
  });

  test('change nothing', async () => {
    const { user } = await api.given.user();
    await expect(
      api.app.longReads('users').where({ id: user.id }).update({ role: 'admin' }),
    ).rejects.toMatchObject({ code: 'SQLITE_READONLY' });
  });
});

/** Only PostgreSQL has connections to share. */
const onPostgres = databases.filter(({ name }) => name === 'PostgreSQL');

describe.each(onPostgres)('long reads on $name, by many connections', (kind) => {
  const api = useApi(kind, {
    poolSize: 10,
    config: { limits: { cost: 1e9, depth: 1e9, breadth: 1e9 } },
  });

  beforeAll(async () => {
    await fillDemo(api.db, { users: 20, jobs: 2000, now: NOW, hashedPassword: 'none' });
  }, 120_000);

  test('of one viewer take more than their share while nobody else asks, and leave half', async () => {
    const { as } = await api.given.administrator();
    await as.query('{ viewer { id } }');
    const pool = api.db.client.pool;
    let most = 0;
    let isDone = false;
    const many = as.query(aliased(149, 'searchJobs(query: "meeting", first: 1) { totalCount }'));
    const done = many.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      most = Math.max(most, pool.numUsed());
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    expect(most).toBe(5);
  });
});

describe('turns', () => {
  /** Turns of two of eight connections, and more while fewer than four are in use. */
  function given() {
    const turns = new Turns(2, (running) => running < 4);
    const running: string[] = [];
    const asked = new Map<string, object[]>();
    return {
      running,
      ask(asker: string): void {
        void turns.acquire(asker, async () => {
          running.push(asker);
          const connection = {};
          asked.set(asker, [...(asked.get(asker) ?? []), connection]);
          return connection;
        });
      },
      async end(asker: string): Promise<void> {
        const [connection = {}, ...others] = asked.get(asker) ?? [];
        asked.set(asker, others);
        await turns.release(connection, async () => {
          running.splice(running.indexOf(asker), 1);
        });
      },
      async settled(): Promise<string> {
        await new Promise((resolve) => setImmediate(resolve));
        return running.toSorted().join('');
      },
    };
  }

  test('of one who asks alone are more than its share, and others have theirs at once', async () => {
    const { ask, end, settled } = given();
    for (let count = 0; count < 9; count += 1) ask('a');
    expect(await settled()).toBe('aaaa');
    for (let count = 0; count < 9; count += 1) ask('b');
    expect(await settled()).toBe('aaaabb');
    ask('c');
    expect(await settled()).toBe('aaaabbc');
    // What is more than the share is not taken again while others ask.
    await end('a');
    expect(await settled()).toBe('aaabbc');
    await end('a');
    await end('a');
    expect(await settled()).toBe('aabbc');
    await end('b');
    expect(await settled()).toBe('aabbc');
  });

  test('come to more as soon as there are some to spare, and to all in the end', async () => {
    const { ask, end, settled } = given();
    for (const asker of 'aabbcc') ask(asker);
    for (const asker of 'aaabbb') ask(asker);
    expect(await settled()).toBe('aabbcc');
    await end('c');
    await end('c');
    await end('b');
    expect(await settled()).toBe('aabb');
    for (let count = 0; count < 4; count += 1) await end('b');
    expect(await settled()).toBe('aa');
    await end('a');
    expect(await settled()).toBe('aaaa');
    for (let count = 0; count < 4; count += 1) await end('a');
    expect(await settled()).toBe('');
  });
});
