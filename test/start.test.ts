import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Knex } from 'knex';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { DatabaseAddress } from '../src/config.ts';
import { connect } from '../src/db/client.ts';
import { type StartFault, startFaults } from '../src/errors.ts';
import { Client } from './harness/client.ts';
import { type DatabaseKind, databases } from './harness/databases.ts';

const directory = mkdtempSync(join(tmpdir(), 'whisper-start-'));
const newDirectory = (): string => mkdtempSync(join(directory, 'data-'));
const processes = new Set<ChildProcess>();

afterAll(() => {
  for (const child of processes) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** A process of the service, with nothing in its environment but this. */
function launch(environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: { PORT: '0', DRAIN_SECONDS: '0', DATA_DIRECTORY: newDirectory(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.add(child);
  const stderr = text(child.stderr);
  let stdout = '';
  const url = new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      const listening = /"url":"([^"]+)"/.exec(stdout)?.[1];
      if (listening) resolve(listening);
    });
  });
  const ended = once(child, 'close').then(async () => {
    processes.delete(child);
    return { status: child.exitCode, stdout, stderr: await stderr };
  });
  return {
    child,
    ended,
    output: () => stdout,
    /** Its address, as soon as it listens. */
    async listening(): Promise<string> {
      const found = await Promise.race([url, ended]);
      if (typeof found !== 'string') throw new Error(`it ended: ${found.stderr}`);
      return found;
    },
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

const urlOf = (address: DatabaseAddress): string =>
  address.kind === 'sqlite' ? `sqlite:${address.filename}` : address.url;

/** A database for a test, dropped after it. */
async function givenDatabase(kind: DatabaseKind, options?: { empty: boolean }) {
  const { address, drop } = await kind.create(options);
  onTestFinished(drop);
  return { address, DATABASE_URL: urlOf(address) };
}

/** Sends a statement from outside. */
async function send(address: DatabaseAddress, sql: string): Promise<void> {
  const db = connect({ address, poolSize: 1 });
  await db.raw(sql).finally(() => db.destroy());
}

/** Statements of this PostgreSQL database that wait for a lock. */
const waitingStatements = async (db: Knex): Promise<object[]> =>
  db('pg_stat_activity').whereRaw("datname = current_database() AND wait_event_type = 'Lock'");

const refusesConnections = (url: string): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { hostname, port } = new URL(url);
  const socket = dial(Number(port), hostname, () => resolve(false)).on('error', () =>
    resolve(true),
  );
  return promise.finally(() => socket.destroy());
};

const LOGIN =
  'mutation LogIn($username: String!, $password: String!) { login(username: $username, password: $password) { ... on LoginSuccess { data { token } } } }';
const VIEWER = '{ viewer { username mustChangePassword } }';

interface LoggedIn {
  login: { data: { token: string } };
}

describe.each(databases)('the first start on $name', (kind) => {
  test('shows a password once, and keeps the secret that it signs with', async () => {
    const { DATABASE_URL } = await givenDatabase(kind, { empty: true });
    const DATA_DIRECTORY = newDirectory();

    const first = launch({ DATABASE_URL, DATA_DIRECTORY });
    const client = new Client(await first.listening());
    const [, username, password] =
      /administrator is "(.+)" with the password "(.+)"/.exec(first.output()) ?? [];
    const { login } = await client.query<LoggedIn, object>(LOGIN, { username, password });
    expect(await first.stop()).toMatchObject({ status: 0, stderr: '' });
    expect(statSync(join(DATA_DIRECTORY, 'token-secret')).mode & 0o777).toBe(0o600);

    const second = launch({ DATABASE_URL, DATA_DIRECTORY });
    const again = new Client(await second.listening());
    expect(await again.as(login.data.token).query(VIEWER)).toEqual({
      viewer: { username, mustChangePassword: true },
    });
    const { stdout } = await second.stop();
    expect(stdout).not.toContain('password');
  });

  test('keeps what the tables take, so that growth can be told from then on', async () => {
    const { address, DATABASE_URL } = await givenDatabase(kind);
    const service = launch({ DATABASE_URL });
    await service.listening();
    const db = connect({ address, poolSize: 1 });
    onTestFinished(() => db.destroy());
    const kept = await vi.waitFor(
      async () => {
        const rows = await db('performance_metrics').where({ metric_type: 'table' });
        if (rows.length === 0) throw new Error('nothing is kept yet');
        return rows;
      },
      { timeout: 10_000, interval: 50 },
    );
    expect(kept.map(({ metric_name }) => metric_name)).toContain('table_bytes:jobs');
    await service.stop();
  });

  test('of two processes at once makes one administrator', async () => {
    const { DATABASE_URL } = await givenDatabase(kind, { empty: true });
    const both = [launch({ DATABASE_URL }), launch({ DATABASE_URL })];
    await Promise.all(both.map((service) => service.listening()));
    const ended = await Promise.all(both.map((service) => service.stop()));
    expect(ended).toMatchObject([
      { status: 0, stderr: '' },
      { status: 0, stderr: '' },
    ]);
    expect(ended.filter(({ stdout }) => stdout.includes('with the password'))).toHaveLength(1);
  });
});

describe('telemetry', () => {
  /** Writes the packages of telemetry to standard error as they are loaded. */
  const loaded = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) {
      const name = /node_modules\\/(prom-client|@opentelemetry\\/sdk-trace)\\//.exec(url)?.[1];
      if (name) process.stderr.write(name + ' ');
      return next(url, context);
    } });`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(loaded)}`;

  async function packagesOf(environment: Record<string, string>): Promise<Set<string>> {
    const DATABASE_URL = `sqlite:${join(newDirectory(), 'new.sqlite')}`;
    const service = launch({ DATABASE_URL, NODE_OPTIONS, ...environment });
    await service.listening();
    return new Set((await service.stop()).stderr.split(' ').filter(Boolean));
  }

  test('is not loaded where it is not set', async () => {
    expect(await packagesOf({})).toEqual(new Set());
  });

  test('is loaded where it is', async () => {
    const environment = {
      METRICS_TOKEN: 'a token for Prometheus',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    };
    expect(await packagesOf(environment)).toEqual(
      new Set(['prom-client', '@opentelemetry/sdk-trace']),
    );
  });
});

const postgres = databases.filter(({ name }) => name === 'PostgreSQL');

describe.each(postgres)('two first starts on $name', (kind) => {
  test('that both find no administrator make one', async () => {
    const { address, DATABASE_URL } = await givenDatabase(kind);
    const outside = connect({ address, poolSize: 2 });
    const hold = await outside.transaction();
    await hold.raw('LOCK TABLE users IN SHARE MODE');
    const both = [launch({ DATABASE_URL }), launch({ DATABASE_URL })];
    await expect.poll(() => waitingStatements(outside), { timeout: 20_000 }).toHaveLength(2);
    await hold.commit();
    await Promise.all(both.map((service) => service.listening()));
    const ended = await Promise.all(both.map((service) => service.stop()));
    expect(ended.filter(({ stdout }) => stdout.includes('with the password'))).toHaveLength(1);
    await outside.destroy();
  });
});

/** What a start that can't be says: the fault before it, and nothing that only we understand. */
async function expectFault(environment: Record<string, string>, fault: StartFault, says: RegExp) {
  const { status, stderr } = await launch(environment).ended;
  expect({ status, stderr }).toEqual({
    status: startFaults[fault].status,
    stderr: expect.stringMatching(new RegExp(`^${fault}: `)),
  });
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/^ +at /m);
}

describe('a start that can not be', () => {
  const sqlite = () => ({ DATABASE_URL: `sqlite:${join(newDirectory(), 'new.sqlite')}` });
  const garbage = join(directory, 'garbage');
  writeFileSync(garbage, 'this is not a database, however long it is read');

  const cases: [string, StartFault, Record<string, string>, RegExp][] = [
    [
      'with a database URL that is none',
      'CONFIG_INVALID',
      { DATABASE_URL: 'mysql://localhost/x' },
      /DATABASE_URL: expected sqlite:FILE or postgres:/,
    ],
    [
      'with several variables wrong, all named at once',
      'CONFIG_INVALID',
      { ...sqlite(), PORT: 'many', MAX_QUERY_DEPTH: '0', LOG_LEVEL: 'loud' },
      /PORT: .*\n.*MAX_QUERY_DEPTH: .*\n.*LOG_LEVEL: /,
    ],
    [
      'with a data folder that can not be made',
      'CONFIG_INVALID',
      { ...sqlite(), DATA_DIRECTORY: join(garbage, 'data') },
      /^CONFIG_INVALID: DATA_DIRECTORY can't keep the signing secret.*\n$/,
    ],
    [
      'over a database that does not answer, whose password stays hidden',
      'DATABASE_UNREACHABLE',
      { DATABASE_URL: 'postgres://me:hidden@127.0.0.1:1/x' },
      /^DATABASE_UNREACHABLE: The database postgres:\/\/me@127\.0\.0\.1:1\/x can't be opened: .*ECONNREFUSED.*\n$/,
    ],
    [
      'over a folder instead of a file',
      'DATABASE_UNREACHABLE',
      { DATABASE_URL: `sqlite:${directory}` },
      /^DATABASE_UNREACHABLE: The database .* can't be opened: unable to open database file\n$/,
    ],
    [
      'over a file whose folder can not be made',
      'DATABASE_UNREACHABLE',
      { DATABASE_URL: `sqlite:${join(garbage, 'new.sqlite')}` },
      /^DATABASE_UNREACHABLE: The database .* can't be opened: .*\n$/,
    ],
    [
      'over a file that is no database',
      'DATABASE_UNREACHABLE',
      { DATABASE_URL: `sqlite:${garbage}` },
      /^DATABASE_UNREACHABLE: .*: file is not a database\n$/,
    ],
  ];

  test.concurrent.each(cases)('%s is %s', async (_, fault, environment, says) => {
    await expectFault(environment, fault, says);
  });

  test('on a port in use is PORT_UNAVAILABLE', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => {
      other.close();
    });
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expectFault(
      { ...sqlite(), PORT: String(port) },
      'PORT_UNAVAILABLE',
      new RegExp(`^PORT_UNAVAILABLE: Port ${port} of 127\\.0\\.0\\.1 .*EADDRINUSE.*\\n$`),
    );
  });

  describe.each(databases)('on $name', (kind) => {
    test('over a database of a newer version is DATABASE_NEWER', async () => {
      const { address, DATABASE_URL } = await givenDatabase(kind);
      await send(address, "INSERT INTO knex_migrations (name, batch) VALUES ('999_later.ts', 2)");
      await expectFault(
        { DATABASE_URL },
        'DATABASE_NEWER',
        /^DATABASE_NEWER: The database is newer than this version: it has 999_later\.ts\..*\n$/,
      );
    });

    test('over tables that are not ours is MIGRATION_FAILED', async () => {
      const { address, DATABASE_URL } = await givenDatabase(kind, { empty: true });
      await send(address, 'CREATE TABLE users (name text)');
      await expectFault({ DATABASE_URL }, 'MIGRATION_FAILED', /^MIGRATION_FAILED: .*\n$/);
    });
  });
});

describe.each(databases)('SIGTERM on $name', (kind) => {
  /** A request whose headers the service has, and which waits for the body. */
  async function begunRequest(url: string) {
    const body = JSON.stringify({ query: '{ viewer { id } }' });
    const begun = request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        expect: '100-continue',
      },
    });
    const answer = once(begun, 'response').then(([response]) => text(response));
    answer.catch(() => undefined);
    begun.flushHeaders();
    await once(begun, 'continue');
    return { answer, finish: () => begun.end(body) };
  }

  test('lets a request end, takes no other, and exits with 0', async () => {
    const { DATABASE_URL } = await givenDatabase(kind);
    const service = launch({ DATABASE_URL });
    const url = await service.listening();
    const { answer, finish } = await begunRequest(url);
    service.child.kill('SIGTERM');
    await expect.poll(() => refusesConnections(url)).toBe(true);
    finish();
    expect(JSON.parse(await answer)).toEqual({ data: { viewer: null } });
    const answeredAt = performance.now();
    expect(await service.ended).toMatchObject({ status: 0, stderr: '' });
    // Five seconds are what a connection that is kept alive would hold it up.
    expect(performance.now() - answeredAt).toBeLessThan(3000);
  });

  test('cuts a request off that takes longer than it may', async () => {
    const { DATABASE_URL } = await givenDatabase(kind);
    const service = launch({ DATABASE_URL, SHUTDOWN_SECONDS: '0' });
    const { answer } = await begunRequest(await service.listening());
    service.child.kill('SIGTERM');
    await expect(answer).rejects.toThrow('socket hang up');
    expect(await service.ended).toMatchObject({ status: 0 });
  });

  test('takes requests for a while, but says that it is not ready', async () => {
    const { DATABASE_URL } = await givenDatabase(kind);
    const service = launch({ DATABASE_URL, DRAIN_SECONDS: '1' });
    const url = await service.listening();
    service.child.kill('SIGTERM');
    const ready = async () => (await fetch(new URL('/health/ready', url))).json();
    await expect.poll(ready).toEqual({ status: 'unready', code: 'STOPPING' });
    expect(await new Client(url).query('{ viewer { id } }')).toEqual({ viewer: null });
    expect(await service.ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('has no need to wait where nothing runs, and SIGINT does the same', async () => {
    const { DATABASE_URL } = await givenDatabase(kind);
    const service = launch({ DATABASE_URL });
    // The connection of this request stays open.
    await new Client(await service.listening()).query('{ viewer { id } }');
    service.child.kill('SIGINT');
    expect(await service.ended).toMatchObject({ status: 0, stderr: '' });
  });
});

describe.each(postgres)('SIGTERM while a statement waits on $name', (kind) => {
  /** A login that waits for a lock, and how to give it free. */
  async function waitingLogin(environment: Record<string, string> = {}) {
    const { address, DATABASE_URL } = await givenDatabase(kind);
    const outside = connect({ address, poolSize: 2 });
    const service = launch({ DATABASE_URL, ...environment });
    const url = await service.listening();
    const hold = await outside.transaction();
    await hold.raw('LOCK TABLE audit_logs');
    const answer = new Client(url).send(LOGIN, { username: 'nobody', password: 'nothing' });
    answer.catch(() => undefined);
    await expect.poll(() => waitingStatements(outside)).toHaveLength(1);
    const release = () => hold.commit().then(() => outside.destroy());
    return { service, url, answer, release };
  }

  test('lets it end and answers', async () => {
    const { service, url, answer, release } = await waitingLogin();
    service.child.kill('SIGTERM');
    await expect.poll(() => refusesConnections(url)).toBe(true);
    await release();
    expect(await answer).toMatchObject({ status: 200, data: { login: {} }, errors: [] });
    expect(await service.ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('exits without it where that takes too long', async () => {
    const { service, answer, release } = await waitingLogin({ SHUTDOWN_SECONDS: '0' });
    service.child.kill('SIGTERM');
    await expect(answer).rejects.toThrow('fetch failed');
    expect(await service.ended).toMatchObject({ status: 0 });
    await release();
  });
});
