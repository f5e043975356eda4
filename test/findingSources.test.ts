import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { databaseFindings } from '../src/administration/databaseFindings.ts';
import { unreadReports } from '../src/administration/databaseReports.ts';
import type { SessionRow } from '../src/db/catalogue/catalogue.ts';
import { fingerprintOf } from '../src/perf/fingerprint.ts';
import { graphql } from './graphql/gql.ts';
import type { FindingKind } from './graphql/graphql.ts';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

const findings = graphql(`query SourceFindings($kind: FindingKind) {
  performance { findings(first: 100, filter: { kind: $kind }) { edges { node {
    key level what traceId statement remedySql
  } } } }
}`);

const indexAdvice = graphql(
  `query IndexAdviceSql { performance { indexes { advice { fault index sql } } } }`,
);

const settings = graphql(`query SettingVerdicts { performance { settings { name verdict } } }`);

const HOUR_MS = 3_600_000;

describe.each(databases)('sources of findings on $name', (kind) => {
  let now = Date.now();
  const api = useApi(kind, {
    clock: () => new Date(now),
    planIntervalMs: 1,
    config: { monitor: { slowQueryMs: 0, sampleRate: 0, release: '1.0.0' } },
  });

  async function found(findingKind: FindingKind) {
    await api.app.watching.turn();
    const { as } = await api.given.administrator();
    const { performance } = await as.query(findings, { kind: findingKind });
    return performance.findings.edges.map(({ node }) => node);
  }

  test('an index that is gone is found with the SQL that makes it, until it is there again', async () => {
    await api.db.raw('DROP INDEX idx_jobs_status');
    const isThatIndex = ({ key }: { key: string }) => key === 'index:absent:idx_jobs_status';
    const absent = (await found('INDEX')).find(isThatIndex);
    expect(absent?.remedySql).toMatch(/CREATE INDEX .*idx_jobs_status/);
    await api.db.raw(absent?.remedySql ?? '');
    now += 4 * HOUR_MS;
    expect((await found('INDEX')).filter(isThatIndex)).toEqual([]);
  });

  test('an index that the schema wants makes no finding, though another could serve for it', async () => {
    const { as } = await api.given.administrator();
    const { performance } = await as.query(indexAdvice);
    const advice = performance.indexes.advice;
    expect(advice.filter(({ sql }) => sql === null).length).toBeGreaterThan(0);
    const advised = advice.flatMap(({ sql, fault, index }) =>
      sql === null ? [] : `index:${fault.toLowerCase()}:${index}`,
    );
    expect((await found('INDEX')).map(({ key }) => key).sort()).toEqual(advised.sort());
  });

  test('a setting that should be another is found', async () => {
    await api.app.watching.turn();
    const { as } = await api.given.administrator();
    const { performance } = await as.query(settings, {});
    const advised = performance.settings
      .filter(({ verdict }) => verdict !== 'FITS')
      .map(({ name }) => `setting:${name}`);
    expect((await found('SETTING')).map(({ key }) => key).sort()).toEqual(advised.sort());
  });

  test('a slow statement that reads a whole table is found with the index that would help', async () => {
    const { user } = await api.given.user();
    await api.given.jobs(Array.from({ length: 1500 }, () => ({ user })));
    if (kind.name === 'PostgreSQL') await api.db.raw('ANALYZE jobs');
    const sql = 'select id from jobs where saved_filename = ?';
    await api.db.raw(sql, ['nothing.mp3']);
    const { id } = fingerprintOf(sql);
    while (!api.app.planTaker.planOf(id)) await sleep(10);
    expect(await found('MISSING_INDEX')).toMatchObject([
      {
        level: 'WARNING',
        what: expect.stringContaining('jobs'),
        statement: 'select id from jobs where saved_filename = ?',
        remedySql: expect.stringMatching(/CREATE INDEX .* ON jobs \(saved_filename\)/),
      },
    ]);
  });
});

const session: SessionRow = {
  pid: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  applicationName: 'a program',
  userName: 'service',
  clientAddress: null,
  state: 'active',
  stateSeconds: 0,
  transactionSeconds: 0,
  queryStartedAt: null,
  waitEventType: null,
  waitEvent: null,
  query: 'SELECT 1',
  blockedByPids: [],
};

describe('sessions that hold up others', () => {
  const foundIn = async (sessions: SessionRow[]) => {
    const reports = { ...unreadReports, activity: async () => ({ sessions }) };
    const all = await Promise.all(databaseFindings(reports).map((source) => source.find()));
    return all.flat();
  };

  test('are found when somebody waits for long, without the values of what waits', async () => {
    const waiting = { ...session, blockedByPids: [7], query: "UPDATE jobs SET model = 'secret'" };
    expect(await foundIn([{ ...waiting, stateSeconds: 4 }])).toEqual([]);
    expect(await foundIn([{ ...waiting, stateSeconds: 6 }])).toMatchObject([
      {
        kind: 'lock',
        level: 'critical',
        what: 'a program waits for a lock that session 7 holds.',
        statement: 'UPDATE jobs SET model = ?',
        remedySql: 'SELECT pg_cancel_backend(7)',
      },
    ]);
  });

  test('are found when they forgot a transaction for a minute', async () => {
    const idle = { ...session, state: 'idle in transaction' };
    expect(await foundIn([{ ...idle, stateSeconds: 59 }])).toEqual([]);
    expect(await foundIn([{ ...idle, stateSeconds: 61 }])).toMatchObject([
      { kind: 'lock', level: 'warning', remedySql: 'SELECT pg_terminate_backend(1)' },
    ]);
  });
});
