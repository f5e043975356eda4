import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../src/db/client.ts';
import { explainStatement, findTableFacts } from '../src/db/explain.ts';
import { type PlanNode, planTree, stepsOf } from '../src/perf/plan.ts';
import { type PlanReading, readingsOf } from '../src/perf/planReading.ts';
import { databases, type TestDatabase } from './harness/databases.ts';
import { walkDatabase } from './walk/rows.ts';

describe.each(databases)('plans on $name', (kind) => {
  const isSqlite = kind.name === 'SQLite';
  let database: TestDatabase;
  let db: Knex;
  let plans: Knex;

  beforeAll(async () => {
    database = await walkDatabase(kind, 1);
    const one = { address: database.address, poolSize: 1 };
    db = connect(one);
    plans = connect({ ...one, ownThread: true, onlyPlans: true });
  });
  afterAll(async () => {
    await plans.destroy();
    await db.destroy();
    await database.drop();
  });

  async function planned(sql: string, bindings: readonly unknown[] = []) {
    const plan = await explainStatement(plans, { sql, bindings });
    if (!plan) throw new Error(`no plan of ${sql}`);
    return plan;
  }

  async function steps(sql: string): Promise<PlanNode[]> {
    return stepsOf(planTree(await planned(sql), sql)).map(({ node }) => node);
  }

  async function read(sql: string, returnedRows: number | null = null): Promise<PlanReading[]> {
    return readingsOf(await planned(sql), {
      sql,
      returnedRows,
      tables: await findTableFacts(plans),
    });
  }

  test('a search by an index is told with its table, index and condition', async () => {
    const [found] = (await steps("select * from users where username = 'a'")).filter(
      ({ kind: step }) => step === 'index_search',
    );
    expect(found).toMatchObject({ table: 'users', indexOnly: false });
    // Both indexes begin with the name: the unique one and ours.
    expect(found?.index).toBe(isSqlite ? 'sqlite_autoindex_users_1' : 'idx_users_username');
    expect(found?.condition).toBe(isSqlite ? 'username=?' : '(username = ?)');
  });

  test('an index that answers alone is told apart', async () => {
    const found = await steps('select count(*) from jobs where user_id = 3');
    expect(found).toContainEqual(
      expect.objectContaining({ kind: 'index_search', table: 'jobs', indexOnly: true }),
    );
  });

  test('a table under another name is known by its own', async () => {
    const found = await steps(
      "select j.id from jobs j join users as u on u.id = j.user_id where u.role = 'admin'",
    );
    expect(found.flatMap(({ table }) => table ?? []).sort()).toEqual(['jobs', 'users']);
    if (!isSqlite) expect(found.map(({ kind: step }) => step)).toContain('join');
  });

  test('sorts, groups, subqueries and generated rows have their kinds', async () => {
    const kinds = async (sql: string) => (await steps(sql)).map(({ kind: step }) => step);
    expect(await kinds('select model from jobs order by original_filename')).toContain('sort');
    const numbers =
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select i from n';
    expect(await kinds(numbers)).toContain('rows');
    expect(await kinds('select id from jobs union all select job_id from metadata')).toContain(
      'union',
    );
    const grouped = await kinds('select original_filename, count(*) from jobs group by 1');
    expect(grouped).toContain('aggregate');
  });

  test('only PostgreSQL estimates rows and cost', async () => {
    const [top] = await steps("select * from jobs where error_message = 'x'");
    expect(top?.estimatedRows).toEqual(isSqlite ? null : expect.any(Number));
    expect(top?.estimatedCost).toEqual(isSqlite ? null : expect.any(Number));
  });

  test('no value stands in a plan', async () => {
    const secret = "select * from jobs where error_message = 'secret' and file_size_bytes > 4711";
    expect(JSON.stringify(await steps(secret))).not.toMatch(/secret|4711/);
  });

  test('a scan tells how many rows it reads, and which index is missing', async () => {
    const readings = await read("select id from jobs where error_message = 'x' and attempt = 2");
    expect(readings).toEqual([
      {
        kind: 'full_scan',
        level: 'warning',
        table: 'jobs',
        sentence: 'Reads all 1,660 rows of jobs: no index serves error_message, attempt.',
        remedy: isSqlite
          ? 'CREATE INDEX idx_jobs_error_message_attempt ON jobs (error_message, attempt);'
          : 'CREATE INDEX CONCURRENTLY idx_jobs_error_message_attempt ON jobs (error_message, attempt);',
      },
    ]);
  });

  test('the remedy helps: with the index that is advised, there is nothing left to read', async () => {
    const sql = 'select id, model from jobs where max_attempts = 3 order by updated_at limit 20';
    const sorted = (await read(sql)).find((reading) => reading.kind === 'sort');
    expect(sorted).toMatchObject({ kind: 'sort', table: 'jobs' });
    const remedy = sorted?.remedy ?? '';
    expect(remedy).toMatch(/ON jobs \(max_attempts, updated_at\);$/);
    await db.raw(remedy);
    try {
      expect(await read(sql)).toEqual([]);
    } finally {
      await db.raw('DROP INDEX idx_jobs_max_attempts_updated_at');
    }
  });

  test('a scan of a small table is no reason to worry', async () => {
    expect(await read('select * from users where upper(username) = lower(email)')).toEqual([
      expect.objectContaining({
        kind: 'full_scan',
        level: 'info',
        sentence: 'Reads all 400 rows of users.',
        remedy: null,
      }),
    ]);
  });

  test('an index that is there is not advised again', async () => {
    const sql = "select original_filename from jobs where created_at >= '2000-01-01T00:00:00.000Z'";
    const remedies = (await read(sql)).map(({ remedy }) => remedy);
    expect(remedies.every((remedy) => remedy === null)).toBe(true);
  });

  test('an expression, a join and a word are not taken for columns', async () => {
    const remedies = async (sql: string) => (await read(sql)).flatMap(({ remedy }) => remedy ?? []);
    const expression =
      "select * from jobs where coalesce(error_message, '') >= 'a' order by coalesce(error_message, '')";
    expect(await remedies(expression)).toEqual([]);
    const joined =
      'select error_message from jobs inner join metadata on metadata.job_id = jobs.id where jobs.progress > 2';
    expect((await remedies(joined)).map((remedy) => remedy.replace(' CONCURRENTLY', ''))).toEqual([
      'CREATE INDEX idx_jobs_progress ON jobs (progress);',
    ]);
  });

  test('an estimate that is far off is told, with how far', async () => {
    const sql = 'select * from users where id = 3';
    const readings = await read(sql, 5000);
    expect(readings.map(({ sentence }) => sentence)).toEqual(
      isSqlite ? [] : ['Expected 1 row and got 5,000: the estimate is off by ×5,000.'],
    );
    expect(await read(sql, 1)).toEqual([]);
  });

  test('a page in the order of an index has nothing to be read', async () => {
    expect(
      await read('select id from jobs order by jobs.created_at desc, jobs.id desc limit 21'),
    ).toEqual([]);
  });

  test('the connection that plans can change nothing', async ({ skip }) => {
    skip(isSqlite, 'SQLite explains without running, on whatever connection');
    await expect(plans.raw('create table planted (i int)')).rejects.toThrow(/read-only/);
    expect((await plans.raw('show statement_timeout')).rows).toEqual([{ statement_timeout: '2s' }]);
  });

  test('what writes is not explained, in whatever part', async () => {
    const writing = [
      "update jobs set model = 'x'",
      'delete from jobs',
      'with gone as (delete from jobs returning id) select * from gone',
      'select * from jobs for update',
    ];
    for (const sql of writing)
      expect(await explainStatement(plans, { sql, bindings: [] })).toBeNull();
    const harmless = `select 'delete' as "update" from jobs`;
    expect(await explainStatement(plans, { sql: harmless, bindings: [] })).not.toBeNull();
  });

  test('a statement is explained as it was sent, with the values it was sent with', async () => {
    const [sql, bindings] = isSqlite
      ? [
          'select * from jobs where id in (select value from json_each(+?)) limit +?',
          ['["b-1"]', 3],
        ]
      : ['select * from jobs where id = any($1::text[]) limit $2', [['b-1'], 3]];
    const plan = await planned(sql, bindings);
    const nodes = stepsOf(planTree(plan, sql)).map(({ node }) => node);
    expect(nodes).toContainEqual(expect.objectContaining({ kind: 'index_search', table: 'jobs' }));
  });
});
