import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { createKey, hashKey } from '../src/auth/apiKeys.ts';
import type { DatabaseAddress } from '../src/config.ts';
import { connect } from '../src/db/client.ts';
import { databases } from './harness/databases.ts';
import { minutes } from './harness/given.ts';
import type { WorkerLine } from './harness/queueWorker.ts';

/** Five thousand take some minutes on two busy cores; QUEUE_TEST_JOBS=5000 tries them. */
const JOBS = Number(process.env.QUEUE_TEST_JOBS ?? 600);
const USERS = 10;
const WORKERS = 8;
const SERVERS = 2;
const LEASE_SECONDS = 4;

const children = new Set<ChildProcess>();
/** Ends all that run, before the database goes that they use. */
async function killAll(): Promise<void> {
  const ended = [...children].map(
    (child) => child.exitCode ?? child.signalCode ?? once(child, 'exit'),
  );
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(ended);
  children.clear();
}
afterEach(killAll);

function launch(file: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.add(child);
  return { child, lines: createInterface(child.stdout) };
}

const urlOf = (address: DatabaseAddress): string =>
  address.kind === 'sqlite' ? `sqlite:${address.filename}` : address.url;

/** A process of the service, and its address. */
async function launchServer(address: DatabaseAddress): Promise<string> {
  const { child, lines } = launch('../src/main.ts', [], {
    PORT: '0',
    DATABASE_URL: urlOf(address),
    TOKEN_SECRET: 'a secret that only tests know, and long enough',
    JOB_RETRY_DELAY_SECONDS: '0',
  });
  for await (const line of lines) {
    const url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (!url) continue;
    // A pipe that nobody reads from would hold it up in the end.
    child.stdout.resume();
    return url;
  }
  throw new Error('the service did not start');
}

function launchWorker(url: string, key: string) {
  const { child, lines } = launch('harness/queueWorker.ts', [url, key, String(LEASE_SECONDS)]);
  const said: WorkerLine[] = [];
  lines.on('line', (line) => said.push(JSON.parse(line)));
  return {
    child,
    said,
    /** Makes it hold the next job that it gets, and tells which that is. */
    async hold(): Promise<WorkerLine> {
      child.stdin.write('hold\n');
      const held = () => said.filter((line) => line.kind === 'holding');
      await expect.poll(held, { timeout: 30_000 }).toHaveLength(1);
      return said.find((line) => line.kind === 'holding') ?? raise('it holds nothing');
    },
  };
}

function raise(message: string): never {
  throw new Error(message);
}

describe.each(databases)('workers as processes on $name', (kind) => {
  async function givenQueue() {
    const { address, drop } = await kind.create();
    const db = connect({ address, poolSize: 2 });
    const key = createKey();
    const user = { hashed_password: '-', must_change_password: false, created_at: minutes(0) };
    const users = Array.from({ length: USERS }, (_, index) => ({
      ...user,
      username: `user${index}`,
      email: `user${index}`,
      role: index === 0 ? 'admin' : 'user',
    }));
    const ids: { id: number }[] = await db('users').insert(users).returning('id');
    const [{ id: administrator } = { id: 0 }] = ids;
    await db('api_keys').insert({
      name: 'worker',
      key_hash: hashKey(key),
      created_by: administrator,
      created_at: minutes(0),
    });
    const jobs = Array.from({ length: JOBS }, (_, index) => ({
      id: `b-${index}`,
      user_id: ids[index % USERS]?.id,
      original_filename: 'a.mp3',
      saved_filename: 'a.mp3',
      model: 'small',
      status: 'queued',
      created_at: minutes(0),
      updated_at: minutes(0),
    }));
    for (let first = 0; first < JOBS; first += 500) {
      await db.batchInsert('jobs', jobs.slice(first, first + 500), 50);
    }
    const stop = async () => {
      await db.destroy();
      await drop();
    };
    return { db, address, key, stop };
  }

  test('two killed and two frozen of eight lose no job, and do none twice', async () => {
    const { db, address, key, stop } = await givenQueue();
    const urls = await Promise.all(Array.from({ length: SERVERS }, () => launchServer(address)));
    const startedAt = performance.now();
    const workers = Array.from({ length: WORKERS }, (_, index) =>
      launchWorker(urls[index % SERVERS] ?? '', key),
    );
    const [killed, frozen] = [workers.slice(0, 2), workers.slice(2, 4)];
    const finished = () =>
      workers.flatMap(({ said }) => said.filter((line) => line.kind === 'finished'));
    await expect.poll(() => finished().length, { timeout: 120_000 }).toBeGreaterThan(JOBS / 20);

    const held = await Promise.all([...killed, ...frozen].map((worker) => worker.hold()));
    for (const { child } of killed) child.kill('SIGKILL');
    for (const { child } of frozen) child.kill('SIGSTOP');
    const goneAt = performance.now();
    const stillHeld = async () => {
      const ids = held.map(({ id }) => Buffer.from(id, 'base64url').toString().slice(4));
      return db('jobs').whereIn('id', ids).where({ status: 'processing', attempt: 1 });
    };
    expect(await stillHeld()).toHaveLength(4);
    await expect.poll(stillHeld, { timeout: 15_000, interval: 100 }).toEqual([]);
    const noticedAfter = performance.now() - goneAt;

    for (const { child } of frozen) {
      child.kill('SIGCONT');
      child.stdin.write('go on\n');
    }
    const left = () => db('jobs').whereNot('status', 'completed').count({ n: '*' });
    await expect
      .poll(async () => Number((await left())[0]?.n), { timeout: 400_000, interval: 200 })
      .toBe(0);
    const seconds = (performance.now() - startedAt) / 1000;

    const expected = Array.from({ length: JOBS }, (_, index) => `b-${index}`).sort();
    const rawId = (id: string): string => Buffer.from(id, 'base64url').toString().slice(4);
    await expect.poll(() => finished().length, { timeout: 30_000 }).toBe(JOBS);
    expect(
      finished()
        .map(({ id }) => rawId(id))
        .sort(),
    ).toEqual(expected);
    // Others may have done all there was before those that were frozen came to say theirs.
    const refused = () =>
      workers.flatMap(({ said }) => said.filter(({ kind }) => kind === 'refused'));
    await expect.poll(() => refused().length, { timeout: 30_000 }).toBe(2);
    expect(refused()).toEqual(
      expect.arrayContaining(
        held.slice(2).map(({ id }) => ({ kind: 'refused', id, attempt: 1, code: 'LEASE_LOST' })),
      ),
    );
    // The log says the same: each ended once, and four attempts were lost.
    const events: { event_type: string; n: number }[] = await db('audit_logs')
      .select('event_type')
      .count({ n: '*' })
      .groupBy('event_type');
    const counts = Object.fromEntries(events.map(({ event_type, n }) => [event_type, Number(n)]));
    expect(counts).toEqual({ job_claimed: JOBS + 4, job_attempt_failed: 4, job_completed: JOBS });
    expect(await db('queue_turns').where('waiting', '<>', 0)).toEqual([]);
    console.log(
      `${kind.name}: ${JOBS} jobs in ${seconds.toFixed(1)} s; the dead were noticed after ${(noticedAfter / 1000).toFixed(1)} s`,
    );
    await killAll();
    await stop();
  }, 600_000);
});
