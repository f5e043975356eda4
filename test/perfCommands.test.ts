import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../src/db/client.ts';
import { insertTableSamples } from '../src/db/tableSamples.ts';
import { databases, type TestDatabase } from './harness/databases.ts';

const directory = mkdtempSync(join(tmpdir(), 'whisper-perf-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

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
    await insertTableSamples(db, [{ table: 'jobs', bytes: 0, at: ago(4 * DAY) }]);
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

  test('indexes has them all, their use by what was counted, and advice', async () => {
    await db.raw('CREATE INDEX planted_twice ON jobs (status)');
    const listed = await printed('indexes');
    await db.raw('DROP INDEX planted_twice');
    expect(listed).toMatch(/^jobs +idx_jobs_user_status_created +user_id, status, created_at +\d/m);
    expect(listed).toMatch(/^warning +duplicate +planted_twice /m);
    expect(listed).toMatch(/^DROP INDEX (CONCURRENTLY )?planted_twice;$/m);
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
    expect(headings).toEqual(['Unused indexes', 'Capacity'].map((title) => `## ${title}`));
    const part = (title: string): string => report.split(`# ${title}\n`)[1]?.split('\n#')[0] ?? '';
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
    [[], /^A command is missing; usage: npm run perf -- indexes\|activity\|/],
    [['toString'], /^There is no command "toString"; usage: npm run perf -- indexes\|activity\|/],
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
    expect(await run(nowhere, 'indexes')).toEqual({
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
