import { beforeAll, describe, expect, test } from 'vitest';
import { postgresRules } from '../src/administration/postgresSettingAdvice.ts';
import { judgeSettings } from '../src/administration/settingAdvice.ts';
import { sqliteRules } from '../src/administration/sqliteSettingAdvice.ts';
import type { DatabaseFacts, SettingRow } from '../src/db/catalogue/catalogue.ts';
import { graphql } from './graphql/gql.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const report = graphql(`query SettingReport {
  performance { settings { name value advised verdict why sql } }
}`);

describe.each(databases)('the settings on $name', (kind) => {
  const isSqlite = kind.name === 'SQLite';
  const api = useApi(kind);
  let as: Client;
  beforeAll(async () => {
    as = (await api.given.administrator()).as;
  });

  async function settings() {
    const { performance } = await as.query(report, {});
    return Object.fromEntries(performance.settings.map((setting) => [setting.name, setting]));
  }

  test('every rule has its setting, with a reason', async () => {
    const rules = isSqlite ? sqliteRules : postgresRules;
    const found = await settings();
    expect(Object.keys(found).sort()).toEqual(Object.keys(rules).sort());
    for (const { advised, verdict, why } of Object.values(found)) {
      expect(why).toMatch(/^([A-Z\d]|pg_).*\.$/);
      expect(advised === null).toBe(verdict === 'FITS');
    }
  });

  test('those that the service makes fit; that nobody analyzed does not', async ({ skip }) => {
    skip(!isSqlite, 'of the settings of PostgreSQL the service makes none');
    const { optimize, ...others } = await settings();
    expect(others.journal_mode).toMatchObject({ value: 'wal', verdict: 'FITS' });
    expect(others.foreign_keys).toMatchObject({ value: 'ON', verdict: 'FITS' });
    expect(Object.values(others).filter(({ verdict }) => verdict !== 'FITS')).toEqual([]);
    expect(optimize).toMatchObject({ value: 'never analyzed', verdict: 'WARNING' });
    await as.query('mutation { analyzeTables { __typename } }');
    expect((await settings()).optimize).toMatchObject({ value: 'analyzed', verdict: 'FITS' });
  });

  test('what the test server was started with is found, and can be mended', async ({ skip }) => {
    skip(isSqlite, 'SQLite is no server');
    const found = await settings();
    // Nothing that a test writes has to outlive the machine.
    expect(found.fsync).toMatchObject({ value: 'off', advised: 'on', verdict: 'CRITICAL' });
    expect(found.random_page_cost).toMatchObject({ value: '4', advised: '1.1' });
    expect(found.shared_preload_libraries?.verdict).toBe('FITS');
    const timeout = found.statement_timeout;
    expect(timeout).toMatchObject({ value: '0', advised: '30s', verdict: 'WARNING' });
  });

  test('is for administrators', async () => {
    const { as: user } = await api.given.user();
    expect(await user.refusal(report, {})).toMatchObject({ code: 'FORBIDDEN' });
  });
});

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const quiet: DatabaseFacts = {
  databaseBytes: 10 * GIB,
  memoryBytes: null,
  largestIndexBytes: MIB,
  cacheHitRatio: 0.999,
  pagesRead: 1_000_000,
  temporaryFiles: 0,
  temporaryBytes: 0,
  walBytesPerSecond: 0,
  connections: 5,
  freeShare: 0,
};

const row = (name: string, number: number, value = String(number)): SettingRow => ({
  name,
  value,
  number,
});

/** What is advised of the first setting, the others being as given. */
function advised(
  settings: SettingRow[],
  facts: Partial<DatabaseFacts>,
  rules = postgresRules,
  poolSize = 10,
) {
  const [first] = judgeSettings(settings, rules, { facts: { ...quiet, ...facts }, poolSize });
  return first;
}

describe('what is advised depends on the circumstances', () => {
  test('shared_buffers: on the memory where it is known, else on the misses', () => {
    const setting = [row('shared_buffers', 128 * MIB)];
    expect(advised(setting, { memoryBytes: 16 * GIB })).toMatchObject({ advised: '4096MB' });
    expect(advised(setting, { memoryBytes: 512 * MIB })).toMatchObject({ verdict: 'fits' });
    expect(advised(setting, { databaseBytes: 100 * MIB })).toMatchObject({ verdict: 'fits' });
    const blind = advised(setting, { cacheHitRatio: 0.8 });
    expect(blind).toMatchObject({ advised: '8192MB', verdict: 'warning' });
    expect(blind?.why).toContain('not known here');
    const well = advised(setting, {});
    expect(well).toMatchObject({ verdict: 'fits' });
    expect(well?.why).toContain('not known here');
  });

  test('max_connections: on those in use, and on two processes of ours', () => {
    expect(advised([row('max_connections', 100)], {})).toMatchObject({ verdict: 'fits' });
    expect(advised([row('max_connections', 100)], { connections: 90 })).toMatchObject({
      advised: '200',
      verdict: 'warning',
    });
    expect(advised([row('max_connections', 100)], {}, postgresRules, 60)).toMatchObject({
      advised: '150',
    });
    expect(advised([row('max_connections', 2000)], {})).toMatchObject({ verdict: 'info' });
  });

  test('effective_cache_size: not more than there is, not less than half of it', () => {
    const setting = [row('effective_cache_size', 4 * GIB)];
    expect(advised(setting, { memoryBytes: 8 * GIB })).toMatchObject({ verdict: 'fits' });
    expect(advised(setting, { memoryBytes: 2 * GIB })).toMatchObject({ advised: '1536MB' });
    expect(advised(setting, { memoryBytes: 32 * GIB })).toMatchObject({ advised: '24576MB' });
    const others = [...setting, row('shared_buffers', 3 * GIB)];
    expect(advised(others, {})).toMatchObject({ advised: '9216MB' });
  });

  test('work_mem: on what went to files', () => {
    const setting = [row('work_mem', 4 * MIB), row('max_connections', 100)];
    expect(advised(setting, {})).toMatchObject({ verdict: 'fits' });
    expect(advised(setting, { temporaryFiles: 100, temporaryBytes: 500 * MIB })).toMatchObject({
      advised: '16MB',
      why: expect.stringContaining('100 sorts'),
    });
    expect(advised(setting, { temporaryFiles: 100, temporaryBytes: 100 * GIB })).toMatchObject({
      advised: '64MB',
    });
  });

  test('max_wal_size: on what is written between two checkpoints', () => {
    const setting = [row('max_wal_size', GIB), row('checkpoint_timeout', 900_000)];
    expect(advised(setting, { walBytesPerSecond: 100_000 })).toMatchObject({ verdict: 'fits' });
    expect(advised(setting, { walBytesPerSecond: 5 * MIB })).toMatchObject({ advised: '16384MB' });
  });

  test('maintenance_work_mem: on the largest index', () => {
    const setting = [row('maintenance_work_mem', 64 * MIB)];
    expect(advised(setting, {})).toMatchObject({ verdict: 'fits' });
    expect(advised(setting, { largestIndexBytes: 2 * GIB })).toMatchObject({ advised: '256MB' });
  });

  test('the cache of SQLite: on the file and the memory of this machine', () => {
    const setting = [row('cache_size', -65_536), row('page_size', 4096)];
    const on = (memoryBytes: number) => advised(setting, { memoryBytes }, sqliteRules);
    expect(on(GIB)).toMatchObject({ verdict: 'fits' });
    expect(on(16 * GIB)).toMatchObject({ advised: '-1048576', verdict: 'info' });
    expect(on(128 * MIB)).toMatchObject({ advised: '-8192', verdict: 'warning' });
  });

  test('VACUUM: where much of the file is free', () => {
    const setting = [row('auto_vacuum', 0, 'NONE')];
    expect(advised(setting, { freeShare: 0.1 }, sqliteRules)).toMatchObject({ verdict: 'fits' });
    expect(advised(setting, { freeShare: 0.4 }, sqliteRules)).toMatchObject({ sql: 'VACUUM;' });
  });
});
