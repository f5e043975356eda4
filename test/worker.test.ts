import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { JobRow } from '../src/db/jobs.ts';
import type { UserRow } from '../src/db/users.ts';
import { variables } from '../worker/settings.ts';
import { workerFaults } from '../worker/workerFault.ts';
import { startApi, type TestApi, useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

const directory = mkdtempSync(join(tmpdir(), 'whisper-worker-'));
const audioDirectory = join(directory, 'audio');
const modelsDirectory = join(directory, 'models');
for (const folder of [audioDirectory, modelsDirectory]) mkdirSync(folder);
writeFileSync(join(modelsDirectory, 'ggml-small.bin'), 'a model');
writeFileSync(join(modelsDirectory, 'ggml-broken.bin'), 'broken');

/** The program that stands in for whisper-cli. */
const program = join(directory, 'whisper-cli');
const standIn = join(import.meta.dirname, 'worker/standIn.ts');
writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${standIn}" "$@"\n`);
chmodSync(program, 0o755);

const processes = new Set<ChildProcess>();
afterAll(() => {
  for (const child of processes) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

type Options = Record<string, string | null>;

/** A process of the worker, with nothing in its environment but these. Null leaves an option out. */
function launch(options: Options, environment: Record<string, string> = {}) {
  const given = Object.entries({
    'audio-directory': audioDirectory,
    'models-directory': modelsDirectory,
    'poll-seconds': '0.1',
    'lease-seconds': '3',
    ...options,
  }).flatMap(([name, value]) => (value === null ? [] : [`--${name}`, value]));
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../worker/main.ts'), ...given],
    {
      env: { PATH: '/usr/bin:/bin', TRANSCRIBE_COMMAND: program, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  processes.add(child);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, 'close').then(async () => {
    processes.delete(child);
    const [stdout, stderr] = await output;
    return { status: child.exitCode, stdout, stderr };
  });
  return {
    child,
    ended,
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** A worker of this server, stopped after the test. */
async function givenWorker(
  api: TestApi,
  options: Options = {},
  environment?: Record<string, string>,
) {
  const { key } = await api.given.worker();
  const worker = launch({ url: api.url, key, ...options }, environment);
  onTestFinished(async () => {
    worker.child.kill('SIGKILL');
    await worker.ended;
  });
  return worker;
}

/** A job in the queue, whose file says what the program does with it; null for no file. */
async function givenJob(
  api: TestApi,
  user: UserRow,
  behaviour: string | null,
  columns: Partial<JobRow> = {},
) {
  const job = await api.given.job({ user, status: 'queued', ...columns });
  if (behaviour !== null) writeFileSync(join(audioDirectory, `${job.id}.mp3`), behaviour);
  return job;
}

const jobNow = async (api: TestApi, { id }: JobRow): Promise<JobRow> =>
  api.db('jobs').where({ id }).first();

const becomes = (api: TestApi, job: JobRow, columns: Partial<JobRow>) =>
  expect.poll(() => jobNow(api, job), { timeout: 25_000 }).toMatchObject(columns);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A file whose program hangs, and its process as soon as it runs. */
function hanging() {
  const pidFile = join(directory, `pid-${Math.random()}`);
  const pid = () => Number(existsSync(pidFile) && readFileSync(pidFile, 'utf8'));
  onTestFinished(() => {
    if (isAlive(pid())) process.kill(pid(), 'SIGKILL');
  });
  return {
    behaviour: `hangs ${pidFile}`,
    async running(): Promise<number> {
      await expect.poll(pid, { timeout: 20_000 }).toBeGreaterThan(0);
      return pid();
    },
  };
}

const CANCEL = 'mutation Cancel($id: ID!) { cancelJob(id: $id) { __typename } }';
const TRANSCRIPT = 'query Transcript($id: ID!) { job(id: $id) { status transcript } }';

describe.each(databases)('the worker on $name', (kind) => {
  const api = useApi(kind, { config: { jobs: { budgetSeconds: 3600, retryDelaySeconds: 1 } } });
  beforeAll(() => api.app.sweeper.start());

  test('does jobs one after another, and says why one could not be done', async () => {
    const { user, as } = await api.given.user();
    const last = { max_attempts: 1 };
    const expected: [JobRow, Partial<JobRow>][] = [
      [
        await givenJob(api, user, 'no audio at all'),
        { status: 'failed_whisper_error', error_code: 'AUDIO_UNREADABLE' },
      ],
      [
        await givenJob(api, user, 'crashes', last),
        { status: 'failed_whisper_error', error_code: 'TRANSCRIPTION_FAILED' },
      ],
      [
        await givenJob(api, user, 'writes { "transcription": 7 }', last),
        { status: 'failed_whisper_error', error_code: 'OUTPUT_INVALID' },
      ],
      [await givenJob(api, user, null, last), { status: 'failed', error_code: 'AUDIO_MISSING' }],
      [
        await givenJob(api, user, 'says hello', { ...last, model: 'broken' }),
        { status: 'failed_launch_error', error_code: 'MODEL_MISSING' },
      ],
      [
        await givenJob(api, user, 'says hello', { model: 'another' }),
        { status: 'queued', attempt: 0 },
      ],
    ];
    const spoken = await givenJob(api, user, 'says hello');
    const worker = await givenWorker(api);
    await becomes(api, spoken, { status: 'completed', attempt: 1 });
    for (const [job, columns] of expected) await becomes(api, job, columns);
    expect(await as.query(TRANSCRIPT, { id: spoken.globalId })).toEqual({
      job: { status: 'COMPLETED', transcript: expect.stringContaining('hello') },
    });
    expect(await worker.stop()).toMatchObject({ status: 0, stderr: '' });
  });

  test('keeps a job that takes longer than the lease, and says how far it is', async () => {
    const { user, as } = await api.given.user();
    const job = await givenJob(api, user, 'takes 5');
    const events = await as.subscribe(
      'subscription Progress($id: ID!) { jobUpdated(id: $id) { status progress attempt } }',
      { id: job.globalId },
    );
    await givenWorker(api, { 'lease-seconds': '2' });
    await givenWorker(api, { 'lease-seconds': '2' });
    const told = (await events.all()).map((event) => event.data?.jobUpdated);
    expect(told).toContainEqual({ status: 'PROCESSING', progress: 0.42, attempt: 1 });
    expect(told.at(-1)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  });

  test('gives its job back when it is told to stop, and ends the program', async () => {
    const { user, as } = await api.given.user();
    const { behaviour, running } = hanging();
    const job = await givenJob(api, user, behaviour);
    const worker = await givenWorker(api);
    const pid = await running();
    expect(await worker.stop()).toMatchObject({ status: 0, stderr: '' });
    expect(await jobNow(api, job)).toMatchObject({ status: 'queued', error_code: null });
    expect(isAlive(pid)).toBe(false);
    await as.query(CANCEL, { id: job.globalId });
  });

  test('leaves a job alone that was taken from it, ends the program, and goes on', async () => {
    const { user, as } = await api.given.user();
    const { behaviour, running } = hanging();
    const job = await givenJob(api, user, behaviour);
    await givenWorker(api);
    const pid = await running();
    const next = await givenJob(api, user, 'says hello');
    await as.query(CANCEL, { id: job.globalId });
    await becomes(api, next, { status: 'completed' });
    expect(isAlive(pid)).toBe(false);
    expect(await jobNow(api, job)).toMatchObject({ status: 'cancelled' });
  });

  test('that is killed loses its job to another', async () => {
    const { user } = await api.given.user();
    const { behaviour, running } = hanging();
    const job = await givenJob(api, user, behaviour);
    const killed = await givenWorker(api, { 'lease-seconds': '1' });
    await running();
    killed.child.kill('SIGKILL');
    writeFileSync(join(audioDirectory, `${job.id}.mp3`), 'says hello');
    await givenWorker(api);
    await becomes(api, job, { status: 'completed', attempt: 2 });
  });

  test('waits for a server that does not answer', async () => {
    const reserved = createServer().listen(0, '127.0.0.1');
    await once(reserved, 'listening');
    const address = reserved.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    reserved.close();
    const { user } = await api.given.user();
    const job = await givenJob(api, user, 'says hello');
    const worker = await givenWorker(api, { url: `http://127.0.0.1:${port}/graphql` });
    const said = new Promise<void>((resolve) => {
      worker.child.stdout.on('data', (line) => `${line}`.includes('trying on') && resolve());
    });
    await said;
    const later = await startApi(
      { address: api.config.database.address, drop: async () => {} },
      { config: { port } },
    );
    onTestFinished(() => later.stop());
    await becomes(api, job, { status: 'completed' });
  });

  test.each<[string, Options, Record<string, string>, number, RegExp]>([
    [
      'its program is missing',
      {},
      { TRANSCRIBE_COMMAND: 'no-such-whisper' },
      69,
      /^PROGRAM_MISSING: "no-such-whisper" can't be run: it is not in PATH\. .*\n$/,
    ],
    [
      'a model is missing',
      { models: 'small,large-v3' },
      {},
      69,
      /^MODEL_MISSING: \S+ggml-large-v3\.bin can't be read\.\n$/,
    ],
    [
      'there is no model at all',
      { 'models-directory': audioDirectory },
      {},
      69,
      /^MODEL_MISSING: \S+ has no file ggml-MODEL\.bin\.\n$/,
    ],
    ['the server refuses the key', { key: 'wtk_unknown' }, {}, 77, /^KEY_REFUSED: .*\n$/],
    [
      'its settings are wrong, all named at once',
      { url: 'nowhere', key: null, 'lease-seconds': 'long' },
      {},
      78,
      /^SETTINGS_INVALID: .*\n +--url or WORKER_URL: .*\n +--key or WORKER_KEY: .*\n +--lease-seconds or LEASE_SECONDS: .*\n$/,
    ],
  ])('claims nothing where %s', async (_, options, environment, status, says) => {
    const { user } = await api.given.user();
    const job = await givenJob(api, user, 'says hello');
    const worker = await givenWorker(api, options, environment);
    const ended = await worker.ended;
    expect(ended).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(says) });
    expect(await jobNow(api, job)).toMatchObject({ status: 'queued', attempt: 0 });
  });
});

describe('docs/worker.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/worker.md'), 'utf8');

  test('has every option with its variable', () => {
    const rows = [...page.matchAll(/^\| `--([\w-]+)` \| `(\w+)` \|/gm)];
    expect(rows.map(([, option, variable]) => [option, variable])).toEqual(
      Object.entries(variables),
    );
  });

  test('has every fault with its status', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)];
    expect(rows.map(([, fault, status]) => [fault, Number(status)])).toEqual(
      Object.entries(workerFaults),
    );
  });
});
