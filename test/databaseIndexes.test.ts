import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { reportIndexes } from '../src/administration/indexReport.ts';
import { createSeenStatements } from '../src/db/catalogue/seenStatements.ts';
import { graphql } from './graphql/gql.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const report = graphql(`query IndexReport {
  performance {
    indexes {
      countedSince
      indexes {
        name table method keys { expression isExpression isDescending nullsFirst collation operatorClass }
        includedColumns predicate isUnique constraint isValid isRequired definition sizeBytes scans rowsRead lastScanAt
      }
      advice { fault level table index otherIndex why sql }
    }
  }
}`);

describe.each(databases)('the index report on $name', (kind) => {
  const isSqlite = kind.name === 'SQLite';
  // What is never read is called unused at once; another test holds the days.
  const api = useApi(kind, { config: { unusedIndexDays: 0 } });
  let as: Client;
  beforeAll(async () => {
    as = (await api.given.administrator()).as;
  });

  const indexReport = async () => (await as.query(report, {})).performance.indexes;

  /** What is said of an index, by what is wrong with it. */
  async function adviceOn(index: string) {
    const { advice } = await indexReport();
    return Object.fromEntries(
      advice.filter((one) => one.index === index).map((one) => [one.fault.toLowerCase(), one]),
    );
  }

  async function indexNamed(name: string) {
    const { indexes } = await indexReport();
    return indexes.find((index) => index.name === name);
  }

  /** Makes an index for one test. */
  async function planted(sql: string, name: string): Promise<void> {
    await api.db.raw(sql);
    onTestFinished(async () => {
      await api.db.raw('DROP INDEX IF EXISTS ??', [name]);
    });
  }

  test('has every index, with its key, its size and where it comes from', async () => {
    const { indexes } = await indexReport();
    const names = indexes.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['idx_jobs_status', 'idx_users_role_active']));
    expect(await indexNamed('idx_jobs_user_status_created')).toMatchObject({
      table: 'jobs',
      method: 'btree',
      keys: [
        { expression: 'user_id', isExpression: false, isDescending: false },
        { expression: 'status' },
        { expression: 'created_at' },
      ],
      includedColumns: [],
      predicate: null,
      isUnique: false,
      constraint: null,
      isValid: true,
      isRequired: true,
      definition: expect.stringMatching(/^CREATE INDEX idx_jobs_user_status_created ON /),
    });
    for (const { sizeBytes } of indexes) expect(sizeBytes).toBeGreaterThan(0);
    const keys = indexes.filter(({ constraint }) => constraint === 'PRIMARY_KEY');
    expect(keys.map(({ table }) => table)).toEqual(expect.arrayContaining(['jobs', 'metadata']));
    const unique = indexes.filter(({ constraint }) => constraint === 'UNIQUE');
    expect(unique.filter(({ table }) => table === 'users')).toHaveLength(2);
  });

  test('tells expressions, directions, conditions and collations', async () => {
    const collation = isSqlite ? 'NOCASE' : 'C';
    await planted(
      `CREATE INDEX planted_odd ON jobs (coalesce(progress, 0), model COLLATE "${collation}" DESC)
         WHERE status = 'queued, or (so)'`,
      'planted_odd',
    );
    const found = await indexNamed('planted_odd');
    expect(found).toMatchObject({
      keys: [
        { isExpression: true, isDescending: false },
        { expression: 'model', isExpression: false, isDescending: true, collation },
      ],
      predicate: expect.stringContaining("'queued, or (so)'"),
    });
    expect(found?.keys[0]?.expression.toLowerCase()).toMatch(/^coalesce\(progress, 0/);
  });

  test('counts how often an index was read', async () => {
    await planted('CREATE INDEX planted_used ON jobs (saved_filename)', 'planted_used');
    expect(await adviceOn('planted_used')).toMatchObject({ unused: { level: 'WARNING' } });
    for (let count = 0; count < 3; count += 1) {
      await api.db.transaction(async (transaction) => {
        // The table is so small that PostgreSQL would read it all.
        if (!isSqlite) await transaction.raw('SET LOCAL enable_seqscan = off');
        await transaction('jobs').where('saved_filename', 'b.mp3').first('id');
      });
    }
    // Sessions tell their counts once a second unless they are made to.
    if (!isSqlite) {
      await Promise.all(
        [1, 2, 3, 4].map(() => api.db.raw('SELECT pg_stat_force_next_flush(), pg_sleep(0.05)')),
      );
      await Promise.all([1, 2, 3, 4].map(() => api.db.raw('SELECT pg_sleep(0.05)')));
    }
    expect(await indexNamed('planted_used')).toMatchObject({ scans: 3 });
    expect(await adviceOn('planted_used')).toEqual({});
  });

  test('an index that nobody reads is unused, with the statement that drops it', async () => {
    await planted('CREATE INDEX planted_unused ON jobs (log_path)', 'planted_unused');
    const concurrently = isSqlite ? '' : 'CONCURRENTLY ';
    const { unused } = await adviceOn('planted_unused');
    expect(unused).toMatchObject({ level: 'WARNING', table: 'jobs', otherIndex: null });
    expect(unused?.sql).toBe(`DROP INDEX ${concurrently}planted_unused;`);
    await api.db.raw(unused?.sql ?? '');
    expect(await indexNamed('planted_unused')).toBeUndefined();
  });

  test('nothing is unused before enough days are counted', async () => {
    const now = new Date();
    const ask = (unusedIndexDays: number, later: number) =>
      reportIndexes({
        db: api.app.background,
        seen: createSeenStatements(now),
        now: new Date(now.getTime() + later),
        unusedIndexDays,
      });
    const unusedIn = ({ advice }: Awaited<ReturnType<typeof ask>>) =>
      advice.filter(({ fault }) => fault === 'unused').length;
    const DAY = 86_400_000;
    expect(unusedIn(await ask(14, 13 * DAY))).toBe(0);
    expect(unusedIn(await ask(14, 15 * DAY))).toBeGreaterThan(0);
  });

  test('what is unique or a key is never unused', async () => {
    const { indexes, advice } = await indexReport();
    const unused = new Set(advice.filter((one) => one.fault === 'UNUSED').map((one) => one.index));
    expect(indexes.filter((index) => index.isUnique && unused.has(index.name))).toEqual([]);
  });

  test('of two alike, the one that nothing wants is a duplicate', async () => {
    await planted('CREATE INDEX aaa_planted ON jobs (user_id, status, created_at)', 'aaa_planted');
    expect(await adviceOn('aaa_planted')).toMatchObject({
      duplicate: {
        level: 'WARNING',
        otherIndex: 'idx_jobs_user_status_created',
        sql: expect.stringContaining('DROP INDEX'),
      },
    });
    expect((await adviceOn('idx_jobs_user_status_created')).duplicate).toBeUndefined();
  });

  test('read from its end, a key that is all turned round is a duplicate too', async () => {
    const keys = 'status DESC, model DESC, created_at DESC';
    await planted(`CREATE INDEX planted_turned ON jobs (${keys})`, 'planted_turned');
    expect(await adviceOn('planted_turned')).toMatchObject({
      duplicate: { otherIndex: 'idx_jobs_status_model_created' },
    });
  });

  test.each([
    ['another direction', 'CREATE INDEX planted_other ON jobs (status, model DESC, created_at)'],
    [
      'another condition',
      "CREATE INDEX planted_other ON jobs (status, model, created_at) WHERE model = 'small'",
    ],
    [
      'another expression',
      'CREATE INDEX planted_other ON jobs (coalesce(processing_time_seconds, -2))',
    ],
    [
      'rows that are unique',
      'CREATE UNIQUE INDEX planted_other ON jobs (status, model, created_at)',
    ],
  ])('%s makes it no duplicate', async (_what, sql) => {
    await planted(sql, 'planted_other');
    const { duplicate, redundant } = await adviceOn('planted_other');
    expect([duplicate, redundant]).toEqual([undefined, undefined]);
  });

  test('a plain index beside a unique one is a duplicate', async () => {
    await planted('CREATE INDEX planted_plain ON users (email)', 'planted_plain');
    const { duplicate } = await adviceOn('planted_plain');
    expect(duplicate).toMatchObject({ level: 'WARNING', why: expect.stringContaining('unique') });
  });

  test('an index whose key begins another one is redundant, unless it is unique', async () => {
    await planted('CREATE INDEX planted_prefix ON audit_logs (endpoint)', 'planted_prefix');
    await planted(
      'CREATE UNIQUE INDEX planted_unique ON metadata (job_id, tokens)',
      'planted_unique',
    );
    const { redundant } = await adviceOn('planted_prefix');
    expect(redundant).toMatchObject({ level: 'INFO', sql: expect.stringContaining('DROP INDEX') });
    expect(redundant?.otherIndex).toMatch(/^idx_audit_endpoint_time/);
    expect((await adviceOn('planted_unique')).redundant).toBeUndefined();
  });

  test('one that the schema wants by its name is not to be dropped, whatever is said of it', async () => {
    const { indexes, advice } = await indexReport();
    const required = new Set(indexes.filter((one) => one.isRequired).map((one) => one.name));
    const about = advice.filter(({ index }) => required.has(index));
    expect(about.map(({ fault }) => fault)).toContain('REDUNDANT');
    for (const { level, sql, why } of about) {
      expect([level, sql]).toEqual(['INFO', null]);
      expect(why).toContain('by this name');
    }
  });

  test('a migrated database lacks nothing, and one that was dropped is absent until it is made', async () => {
    expect((await indexReport()).advice.filter(({ fault }) => fault === 'ABSENT')).toEqual([]);
    await api.db.raw('DROP INDEX idx_jobs_finished_id');
    const { absent } = await adviceOn('idx_jobs_finished_id');
    expect(absent).toMatchObject({ level: 'WARNING', table: 'jobs' });
    await api.db.raw(absent?.sql ?? '');
    expect((await adviceOn('idx_jobs_finished_id')).absent).toBeUndefined();
  });

  test('names with quotes are quoted in what is to be pasted', async () => {
    const name = 'planted "odd"; name?';
    await api.db.raw('CREATE INDEX "planted ""odd""; name\\?" ON jobs (log_path)');
    const { unused } = await adviceOn(name);
    const concurrently = isSqlite ? '' : 'CONCURRENTLY ';
    expect(unused?.sql).toBe(`DROP INDEX ${concurrently}"planted ""odd""; name?";`);
    await api.db.raw((unused?.sql ?? '').replace('?', '\\?'));
    expect(await indexNamed(name)).toBeUndefined();
  });

  test('is for administrators', async () => {
    const { as: user } = await api.given.user();
    expect(await user.refusal(report, {})).toMatchObject({ code: 'FORBIDDEN' });
    expect(await api.client.refusal(report, {})).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('what a failed build leaves is invalid, and can be built again', async ({ skip }) => {
    skip(isSqlite, 'SQLite builds an index whole or not at all');
    for (const name of ['one', 'two']) {
      await api.db('config').insert({ key: name, value: 'same', updated_at: new Date() });
    }
    const build = 'CREATE UNIQUE INDEX CONCURRENTLY planted_invalid ON config (value)';
    await expect(api.db.raw(build)).rejects.toThrow('could not create unique index');
    const { invalid } = await adviceOn('planted_invalid');
    expect(invalid).toMatchObject({
      level: 'WARNING',
      sql: 'REINDEX INDEX CONCURRENTLY planted_invalid;',
      why: expect.stringContaining('Remove rows that are there twice'),
    });
    await api.db('config').where({ key: 'two' }).delete();
    await api.db.raw(invalid?.sql ?? '');
    expect(await adviceOn('planted_invalid')).toEqual({});
    await api.db.raw('DROP INDEX planted_invalid');
  });

  test('columns that are included count', async ({ skip }) => {
    skip(isSqlite, 'SQLite has no included columns');
    await planted('CREATE INDEX planted_wide ON jobs (model) INCLUDE (log_path)', 'planted_wide');
    expect(await indexNamed('planted_wide')).toMatchObject({ includedColumns: ['log_path'] });
    expect((await adviceOn('planted_wide')).redundant).toBeUndefined();
    await planted('CREATE INDEX planted_held ON jobs (model) INCLUDE (created_at)', 'planted_held');
    expect((await adviceOn('planted_held')).redundant?.otherIndex).toBe(
      'idx_jobs_model_created_id',
    );
  });
});
