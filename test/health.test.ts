import { readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../src/db/client.ts';
import { unreadyCodes } from '../src/http/health.ts';
import { createLogger } from '../src/logger.ts';
import { type TestApi, useApi } from './harness/api.ts';
import { databases, onServer } from './harness/databases.ts';

const ready = { status: 200, body: { status: 'ready' } };
const unready = (code: string) => ({ status: 503, body: { status: 'unready', code } });

async function ask(api: TestApi, path: string) {
  const answer = await fetch(new URL(path, api.url));
  return { status: answer.status, body: await answer.json() };
}

const askReady = (api: TestApi) => ask(api, '/health/ready');

/** Takes the database from under the running service, and gives how to put it back. */
async function takeAway({ config }: TestApi): Promise<() => Promise<void>> {
  const { address } = config.database;
  if (address.kind === 'sqlite') {
    await rename(address.filename, `${address.filename}.away`);
    return () => rename(`${address.filename}.away`, address.filename);
  }
  const name = new URL(address.url).pathname.slice(1);
  await onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await onServer(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
  );
  return () => onServer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
}

/** Holds every connection of the pool, and gives how to give them free. */
async function holdConnections({ db }: TestApi): Promise<() => Promise<unknown>> {
  const { max } = db.client.pool;
  const held = await Promise.all(Array.from({ length: max }, () => db.transaction()));
  return () => Promise.all(held.map((transaction) => transaction.rollback()));
}

test('docs/operations.md has every code', () => {
  const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('## Health'), page.indexOf('## Log'));
  const documented = [...section.matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)];
  expect(Object.fromEntries(documented.map(([, code, meaning]) => [code, meaning]))).toEqual(
    unreadyCodes,
  );
});

describe.each(databases)('health on $name', (kind) => {
  const log: Record<string, unknown>[] = [];
  const logger = createLogger('debug', { write: (line) => log.push(JSON.parse(line)) });
  const api = useApi(kind, { logger });
  afterEach(() => {
    log.length = 0;
  });

  test('is live without asking the database', async () => {
    api.forgetStatements();
    expect(await ask(api, '/health/live')).toEqual({ status: 200, body: { status: 'live' } });
    expect(api.statements).toEqual([]);
  });

  test('is ready after one statement', async () => {
    api.forgetStatements();
    expect(await askReady(api)).toEqual(ready);
    expect(api.statements).toHaveLength(1);
    expect(log).toEqual([]);
  });

  test.each(['/health/live', '/health/ready'])('%s is only read', async (path) => {
    const head = await fetch(new URL(path, api.url), { method: 'HEAD' });
    expect({ status: head.status, body: await head.text() }).toEqual({ status: 200, body: '' });
    const post = await fetch(new URL(path, api.url), { method: 'POST' });
    expect({ status: post.status, allow: post.headers.get('allow') }).toEqual({
      status: 405,
      allow: 'GET, HEAD',
    });
  });

  test.each(['/health', '/', '/health/', '/graphql/health', '/metrics'])(
    '%s does not exist',
    async (path) => {
      expect((await fetch(new URL(path, api.url))).status).toBe(404);
    },
  );

  test('has no second way in through the end of a URL', async () => {
    const headers = { accept: 'application/json' };
    const answer = await fetch(`${api.url}?path=/health`, { headers });
    expect(await answer.json()).toMatchObject({
      errors: [{ message: 'Must provide query string.' }],
    });
  });

  test('is unready while the database is gone, and says why to the log alone, once', async () => {
    const putBack = await takeAway(api);
    expect(await askReady(api)).toEqual(unready('DATABASE_UNREACHABLE'));
    expect(await askReady(api)).toEqual(unready('DATABASE_UNREACHABLE'));
    expect(await ask(api, '/health/live')).toMatchObject({ status: 200 });
    await putBack();
    await expect.poll(() => askReady(api), { timeout: 10_000 }).toEqual(ready);
    // Who listens to changes of accounts says so too.
    expect(log.filter(({ msg }) => !String(msg).startsWith('Changes of accounts'))).toMatchObject([
      { code: 'DATABASE_UNREACHABLE', err: { message: expect.any(String) } },
      { msg: 'Ready again' },
    ]);
  });

  test('is unready while a migration is missing', async () => {
    const [last] = await api.db('knex_migrations').orderBy('id', 'desc').limit(1);
    await api.db('knex_migrations').where({ id: last.id }).delete();
    expect(await askReady(api)).toEqual(unready('MIGRATIONS_PENDING'));
    await api.db('knex_migrations').insert(last);
    expect(await askReady(api)).toEqual(ready);
  });

  test('is ready over a database that a newer version migrated', async () => {
    await api.db('knex_migrations').insert({ name: '999_later.ts', batch: 9 });
    expect(await askReady(api)).toEqual(ready);
    await api.db('knex_migrations').where({ name: '999_later.ts' }).delete();
  });

  // The last one: it can't be taken back.
  test('is unready as soon as it was told to stop, and lets connections go', async () => {
    api.app.health.stop();
    api.forgetStatements();
    expect(await askReady(api)).toEqual(unready('STOPPING'));
    expect(api.statements).toEqual([]);
    const answer = await api.client.send('{ viewer { id } }');
    expect(answer.data).toEqual({ viewer: null });
    expect(answer.headers.get('connection')).toBe('close');
  });
});

describe.each(databases)('health while no connection is free on $name', (kind) => {
  const api = useApi(kind, { readyTimeoutMs: 200 });

  test('waits with one statement for all who ask while the database hangs', async () => {
    const giveFree = await holdConnections(api);
    const answers = await Promise.all(Array.from({ length: 20 }, () => askReady(api)));
    expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set(['DATABASE_SLOW']));
    expect(api.db.client.pool.numPendingAcquires()).toBe(1);
    await giveFree();
    await expect.poll(() => askReady(api), { timeout: 10_000 }).toEqual(ready);
  });
});

const postgres = databases.filter(({ name }) => name === 'PostgreSQL');

describe.each(postgres)('health while a statement hangs on $name', (kind) => {
  const api = useApi(kind, { readyTimeoutMs: 200 });

  test('leaves no backend behind', async () => {
    const outside = connect({ address: api.config.database.address, poolSize: 2 });
    const waiting = () =>
      outside('pg_stat_activity').whereRaw(
        "datname = current_database() AND wait_event_type = 'Lock'",
      );
    const hold = await outside.transaction();
    await hold.raw('LOCK TABLE knex_migrations');
    for (const _ of ['once', 'again', 'and again']) {
      expect(await askReady(api)).toMatchObject({ status: 503 });
    }
    await expect.poll(waiting, { timeout: 10_000 }).toEqual([]);
    await hold.rollback();
    await outside.destroy();
    await expect.poll(() => askReady(api), { timeout: 10_000 }).toEqual(ready);
  });
});
