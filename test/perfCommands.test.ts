import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../src/db/client.ts';
import { insertPerformanceMetrics } from '../src/db/performanceMetrics.ts';
import { insertQueryPerformanceLogs } from '../src/db/queryPerformanceLogs.ts';
import { insertTableSamples } from '../src/db/tableSamples.ts';
import { Aggregate } from '../src/perf/aggregate.ts';
import type { MetricKind } from '../src/perf/interval.ts';
import { metricRow } from '../src/perf/metricRow.ts';
import { databases, type TestDatabase } from './harness/databases.ts';

const directory = mkdtempSync(join(tmpdir(), 'whisper-perf-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const MINUTE = 60_000;
const DAY = 86_400_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

/** The real command, with nothing in its environment but the database. */
async function run(DATABASE_URL: string, ...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../perf/main.ts'), ...args], {
    cwd: directory,
    env: { DATABASE_URL, DATA_DIRECTORY: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  await once(child, 'close');
  return { status: child.exitCode, stdout: await stdout, stderr: await stderr };
}

/** What was counted of a name at a time: so many calls, each as long. */
function figures(kind: MetricKind, name: string, at: string, calls: number, ms: number) {
  const aggregate = new Aggregate();
  for (let call = 0; call < calls; call += 1) aggregate.add(ms, false, 2);
  const key = { kind, name, hash: '', operation: '', client: 'web' };
  return metricRow(at, key, aggregate.record());
}

const JOBS_BY_STATUS = 'select * from jobs where status = ?';
const LONG = `select ${'id, '.repeat(100)}id from jobs`;

describe.each(databases)('the commands for operators on $name', (kind) => {
  const isSqlite = kind.name === 'SQLite';
  let database: TestDatabase;
  let url: string;
  let db: Knex;

  beforeAll(async () => {
    database = await kind.create();
    const { address } = database;
    url = address.kind === 'sqlite' ? `sqlite:${address.filename}` : address.url;
    db = connect({ address, poolSize: 2 });
    const [recently, lastWeek] = [ago(MINUTE), ago(9 * DAY)];
    const rows = [
      figures('total', 'operation', recently, 1500, 40),
      figures('total', 'operation', lastWeek, 1000, 20),
      figures('operation', 'JobPage', recently, 1500, 40),
      figures('operation', 'JobPage', lastWeek, 1000, 20),
      figures('operation', 'Rare', recently, 3, 2500),
      figures('statement', JOBS_BY_STATUS, recently, 3000, 4),
      figures('statement', LONG, recently, 10, 1),
      figures('loader', 'userById', recently, 10, 1),
    ];
    await insertPerformanceMetrics(db, { id: 'planted', rows }, 5000);
    await insertTableSamples(db, [{ table: 'jobs', bytes: 0, at: ago(4 * DAY) }]);
    const slow = (ms: number, query_text: string) => ({
      timestamp: recently,
      query_type: 'select',
      execution_time_ms: ms,
      query_text,
      table_name: 'jobs',
      user_id: null,
      endpoint: 'JobPage',
      row_count: 20,
      statement_hash: 'hash',
      client: 'web\u001b[2J',
      request_id: 'request',
    });
    await insertQueryPerformanceLogs(
      db,
      [slow(150, 'select 1'), slow(1234, JOBS_BY_STATUS), slow(300, LONG)],
      5000,
    );
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  /** What a command prints, which has to go well. */
  async function printed(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await run(url, ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(120);
    return stdout;
  }

  const entries = () =>
    db('audit_logs')
      .orderBy('id')
      .select('event_type', 'resource_id', 'username', 'user_id', 'endpoint');

  test('summary has the figures of a window, what took most time first', async () => {
    const day = await printed('summary');
    expect(day).toMatch(/^requests +1,500 +0 +40\.\d ms/m);
    expect(day).toMatch(/^JobPage +60,000 ms +1,500 +0 +40\.\d ms[\s\S]*^Rare +7,500 ms +3 /m);
    expect(day).toMatch(/^web +/m);
    expect(day).toMatch(/^select \* from jobs where status = \? +12,000 ms +6,000 +3,000 /m);
    expect(day).toMatch(/^userById +10 +20 +2 +0 /m);
    expect(await printed('summary', '--window', 'month')).toMatch(/^requests +2,500 /m);
  });

  test('slow has the slowest statements, cut where they are long', async () => {
    const lines = (await printed('slow', '--limit', '2')).split('\n').slice(4, 6);
    expect(lines).toEqual([
      expect.stringMatching(/ 1,234 ms +20 +JobPage +web \[2J +select \* from jobs where status/),
      expect.stringMatching(/ 300 ms +20 +JobPage +web \[2J +select id, .*…$/),
    ]);
  });

  test('indexes has them all, their use by what was counted, and advice', async () => {
    await db.raw('CREATE INDEX planted_twice ON jobs (status)');
    const listed = await printed('indexes');
    await db.raw('DROP INDEX planted_twice');
    expect(listed).toMatch(/^jobs +idx_jobs_user_status_created +user_id, status, created_at +\d/m);
    expect(listed).toMatch(/^warning +duplicate +planted_twice /m);
    expect(listed).toMatch(/^DROP INDEX (CONCURRENTLY )?planted_twice;$/m);
    // SQLite plans the statements that were counted; nothing was really sent.
    if (isSqlite) expect(listed).toMatch(/ (status|planted_twice) .* 3,000$/m);
  });

  test('activity has the sessions, where there are any', async () => {
    if (isSqlite) return expect(await printed('activity')).toContain('SQLite has no sessions');
    const shown = await db.transaction(async (transaction) => {
      await transaction.raw('SELECT 4711');
      return printed('activity');
    });
    expect(shown).toMatch(/^ *\d+ +idle in transaction .* SELECT \?$/m);
    expect(shown).toMatch(/^ +\d+ +whisper-transcriber-api /m);
  });

  test('analyze and reindex do it, and the audit log says who did', async () => {
    expect(await printed('analyze', 'jobs', 'users')).toBe('Analyzed jobs.\nAnalyzed users.\n');
    expect(await printed('analyze')).toContain('Analyzed metadata.\n');
    expect(await printed('reindex', 'idx_jobs_status')).toBe('Built idx_jobs_status anew.\n');
    const all = await entries();
    const byOperator = { username: expect.stringMatching(/^command line \(.+\)$/), user_id: null };
    expect(all.slice(0, 2)).toEqual(
      ['jobs', 'users'].map((table) => ({
        ...byOperator,
        event_type: 'table_analyzed',
        resource_id: table,
        endpoint: 'perf analyze',
      })),
    );
    expect(all.at(-1)).toEqual({
      ...byOperator,
      event_type: 'index_rebuilt',
      resource_id: 'idx_jobs_status',
      endpoint: 'perf reindex',
    });
  });

  test('recount counts anew what statistics are read from', async () => {
    await db('job_activity').insert({
      ...{ day: '2026-01-01', user_id: 1, created: 7 },
      ...{ completed: 0, failed: 0, duration_micros: 0 },
    });
    expect(await printed('recount')).toBe('Counted jobs anew.\nCounted metadata anew.\n');
    expect(await db('job_activity')).toEqual([]);
    expect(await entries()).toContainEqual(
      expect.objectContaining({ event_type: 'table_recounted', resource_id: 'jobs' }),
    );
  });

  test('what is not there is refused in one line, and nothing is done', async () => {
    const before = await entries();
    const refused = { status: 1, stdout: '' };
    expect(await run(url, 'analyze', 'jobs', 'nothing')).toEqual({
      ...refused,
      stderr: 'There is no table "nothing".\n',
    });
    expect(await run(url, 'reindex', 'jobs')).toEqual({
      ...refused,
      stderr: 'There is no index "jobs".\n',
    });
    expect(await run(url, 'report', '--output', 'no/such/folder.md')).toEqual({
      ...refused,
      stderr: expect.stringMatching(/^The report was not written: ENOENT.*\n$/),
    });
    expect(await entries()).toEqual(before);
  });

  test('report writes the review of the week', async () => {
    const name = `performance-report-${ago(0).slice(0, 10)}.md`;
    expect(await printed('report')).toBe(`Wrote ${name}.\n`);
    const report = readFileSync(join(directory, name), 'utf8');
    const headings = report.split('\n').filter((line) => line.startsWith('## '));
    expect(headings).toEqual(
      ['Trends', 'Slowest', 'Most frequent', 'Unused indexes', 'Capacity'].map(
        (title) => `## ${title}`,
      ),
    );
    const part = (title: string): string => report.split(`# ${title}\n`)[1]?.split('\n#')[0] ?? '';
    const firstRow = (title: string) =>
      part(title)
        .split('\n')
        .find((_line, at, lines) => lines[at - 1]?.startsWith('| ---'));
    expect(firstRow('Trends')).toMatch(
      /^\| requests \| 1,000 \| 1,500 \| \+50 % \| 20\.\d ms \| 40\.\d ms \| \+\d+ % \|/,
    );
    expect(firstRow('Operations')).toMatch(/^\| JobPage \| 1,000 \| 1,500 \| \+50 % \|/);
    expect(part('Operations')).toMatch(/^\| Rare \| {2}\| 3 \| new \|/m);
    expect(firstRow('SQL statements')).toMatch(/^\| `select \* from jobs where status = \?` \| /);
    expect(firstRow('Slowest operations')).toMatch(/^\| Rare \| 3 \| 2,500 ms \|/);
    expect(firstRow('Slowest single calls')).toContain(' 1,234 ms | 20 | JobPage ');
    expect(firstRow('Most frequent operations')).toMatch(/^\| JobPage \| 1,500 \|/);
    expect(firstRow('Most frequent SQL statements')).toMatch(/status = \?` \| 6,000 \| 3,000 \|/);
    expect(part('Unused indexes')).toContain('| idx_users_last_login | `last_login` |');
    expect(part('Capacity')).toMatch(/^\| jobs \|(.*\|){4} [\d.]+ KiB \| [\d.]+ (B|KiB) \|/m);
    for (const table of report.split('\n\n').filter((block) => block.startsWith('| '))) {
      const cells = table
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(cells).size, table).toBe(1);
    }
  });

  test('the report goes where it is told to', async () => {
    await printed('report', '--output', `${kind.name}.md`);
    expect(readFileSync(join(directory, `${kind.name}.md`), 'utf8')).toMatch(/^# Performance of /);
  });
});

describe('a command that can not be', () => {
  const absent = join(directory, 'absent.sqlite');
  const nowhere = `sqlite:${absent}`;

  test.each([
    [[], /^A command is missing; usage: npm run perf -- summary\|slow\|/],
    [['toString'], /^There is no command "toString"; usage: npm run perf -- summary\|slow\|/],
    [
      ['summary', '--window', 'year'],
      /^--window is "year"; it takes minute, hour, day, .*; usage: npm run perf -- summary \[--window/,
    ],
    [['slow', '--limit', '0'], /^--limit is "0"; it takes a whole number from 1 to 1000; usage: /],
    [['slow', '--fast'], /^Unknown option '--fast'; usage: npm run perf -- slow \[--limit N\]/],
    [['indexes', 'jobs'], /^Unexpected argument 'jobs'.*; usage: npm run perf -- indexes$/m],
    [
      ['reindex'],
      /^reindex takes the name of one index, not 0; usage: npm run perf -- reindex INDEX/,
    ],
    [['report', '--output'], /^Option '--output <value>' argument missing; usage: /],
  ])('%j is told in one line, with what it takes', async (args, says) => {
    const { status, stdout, stderr } = await run(nowhere, ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  test('without a database makes none', async () => {
    expect(await run(nowhere, 'summary')).toEqual({
      status: 69,
      stdout: '',
      stderr: expect.stringMatching(/^DATABASE_UNREACHABLE: .* there is no such file\n$/),
    });
    expect(existsSync(absent)).toBe(false);
    expect(readdirSync(directory).filter((file) => file.startsWith('absent'))).toEqual([]);
  });

  test.each(databases)('over a $name database that no service has started on', async (kind) => {
    const { address, drop } = await kind.create({ empty: true });
    const url = address.kind === 'sqlite' ? `sqlite:${address.filename}` : address.url;
    const db = connect({ address, poolSize: 1 });
    await db.raw('SELECT 1');
    await db.destroy();
    expect(await run(url, 'indexes')).toEqual({
      status: 76,
      stdout: '',
      stderr: expect.stringMatching(/^DATABASE_OLDER: .* it lacks 001_/),
    });
    await drop();
  });
});
