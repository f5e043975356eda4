import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuid } from 'uuid';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JobRow } from '../src/db/jobs.ts';
import type { UserRow } from '../src/db/users.ts';
import { type ApiOptions, startApi, type TestApi, useApi } from './harness/api.ts';
import { countedMetrics } from './harness/countedMetrics.ts';
import { type DatabaseKind, databases } from './harness/databases.ts';
import { globalId } from './harness/given.ts';

const JOB_UPDATED =
  'subscription JobUpdated($id: ID!) { jobUpdated(id: $id) { status progress transcript metadata { language } } }';
const MY_JOBS =
  'subscription MyJobs($since: DateTime) { myJobs(since: $since) { originalFilename status progress updatedAt } }';

interface MyJob {
  myJobs: { originalFilename: string; status: string; progress: number | null; updatedAt: string };
}

const now = (): string => new Date().toISOString();

/** Changes a job as the service does: with the time of the change. */
const change = (api: TestApi, job: JobRow, columns: Partial<JobRow>) =>
  api
    .db('jobs')
    .where('id', job.id)
    .update({ updated_at: now(), ...columns });

/** A second server over the same database, as another process would be. */
async function anotherServer(api: TestApi, options?: ApiOptions): Promise<TestApi> {
  const { address } = api.config.database;
  const other = await startApi({ address, drop: async () => {} }, options);
  onTestFinished(() => other.stop());
  return other;
}

/** A database and a server of its own for a test. */
async function givenApi(kind: DatabaseKind, options?: ApiOptions): Promise<TestApi> {
  const database = await kind.create();
  const api = await startApi(database, options);
  onTestFinished(async () => {
    await api.stop();
    await database.drop();
  });
  return api;
}

describe.each(databases)('jobUpdated on $name', (kind) => {
  const api = useApi(kind, { viewerTtlMs: 200 });

  test('tells the progress, then the transcript, and ends with the job', async () => {
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'processing', progress: 0.1 });
    const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    const nothingYet = { transcript: null, metadata: null };
    expect(await events.next()).toEqual({
      data: { jobUpdated: { status: 'PROCESSING', progress: 0.1, ...nothingYet } },
    });
    await change(api, job, { progress: 0.5 });
    expect(await events.next()).toEqual({
      data: { jobUpdated: { status: 'PROCESSING', progress: 0.5, ...nothingYet } },
    });
    await api.given.segments(job, ['All is said.']);
    await api.given.metadata({ job, language: 'de' });
    await change(api, job, { status: 'completed', progress: 1 });
    expect(await events.all()).toEqual([
      {
        data: {
          jobUpdated: {
            status: 'COMPLETED',
            progress: 1,
            transcript: 'All is said.\n',
            metadata: { language: 'de' },
          },
        },
      },
    ]);
  });

  test('tells of a job of another what it tells of one that does not exist', async () => {
    const { user } = await api.given.user();
    const { as } = await api.given.user();
    const job = await api.given.job({ user, status: 'processing' });
    const [foreign, missing] = await Promise.all(
      [job.globalId, globalId('Job', uuid())].map(async (id) => {
        const events = await as.subscribe(JOB_UPDATED, { id });
        return { status: events.status, events: await events.all() };
      }),
    );
    expect(foreign).toEqual({ status: 200, events: [{ data: { jobUpdated: null } }] });
    expect(missing).toEqual(foreign);
  });

  test('tells administrators and workers of everybody’s jobs', async () => {
    const { user } = await api.given.user();
    const job = await api.given.job({ user });
    for (const { as } of [await api.given.administrator(), await api.given.worker()]) {
      const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
      expect(await events.all()).toMatchObject([{ data: { jobUpdated: { status: 'COMPLETED' } } }]);
    }
  });

  test('begins with the job as it is, so that who comes back misses no end', async () => {
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'processing' });
    const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    await events.next();
    events.close();
    await change(api, job, { status: 'failed_whisper_error' });
    const again = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    expect(await again.all()).toMatchObject([
      { data: { jobUpdated: { status: 'FAILED_WHISPER_ERROR' } } },
    ]);
  });

  test('ends with null when the job is deleted', async () => {
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'queued' });
    const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    await events.next();
    await api.db('jobs').where('id', job.id).delete();
    expect(await events.all()).toEqual([{ data: { jobUpdated: null } }]);
  });

  test('is not for who is not known, nor over the limits', async () => {
    const { user, as } = await api.given.user();
    const { globalId: id } = await api.given.job({ user });
    const nobody = await api.client.subscribe(JOB_UPDATED, { id });
    expect(await nobody.all()).toMatchObject([
      { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    ]);
    const stranger = await api.client.as('no.good.token').subscribe(JOB_UPDATED, { id });
    expect(stranger.status).toBe(401);
    const deep = `subscription Deep($id: ID!) { jobUpdated(id: $id) { user { ${'jobs(first: 100) { edges { node { user { '.repeat(4)} id ${'} } } }'.repeat(4)} } } }`;
    const refused = await as.subscribe(deep, { id });
    expect(await refused.all()).toMatchObject([
      { errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] },
    ]);
    expect(api.app.jobFeed.load()).toEqual({ readers: 0, waiting: 0 });
  });

  test('ends when the account is closed, though nothing happens', async () => {
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'queued' });
    const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    await events.next();
    await api.db('users').where('id', user.id).update({ is_active: false });
    expect(await events.all()).toMatchObject([
      {
        errors: [{ message: 'The account is closed.', extensions: { code: 'UNAUTHENTICATED' } }],
      },
    ]);
  });

  test('ends for who may see no other’s jobs any more, and tells nothing more', async () => {
    const { user } = await api.given.user();
    const administrator = await api.given.administrator();
    const job = await api.given.job({ user, status: 'queued' });
    const events = await administrator.as.subscribe(JOB_UPDATED, { id: job.globalId });
    await events.next();
    await api.db('users').where('id', administrator.user.id).update({ role: 'user' });
    expect(await events.all()).toEqual([]);
  });

  test('is given up when the client hangs up', async () => {
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'queued' });
    const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    await events.next();
    expect(api.app.jobFeed.load().readers).toBe(1);
    events.close();
    await expect.poll(() => api.app.jobFeed.load().readers).toBe(0);
  });
});

describe.each(databases)('a token on $name', (kind) => {
  const api = useApi(kind, {
    viewerTtlMs: 200,
    config: { token: { secret: null, lifetimeMinutes: 2 / 60 } },
  });

  test('that expires ends the subscription', async () => {
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'queued' });
    const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    await events.next();
    expect(await events.all()).toMatchObject([
      { errors: [{ message: 'The access token has expired; log in again.' }] },
    ]);
  });
});

describe.each(databases)('myJobs on $name', (kind) => {
  const api = useApi(kind);

  test('begins with the jobs that have not ended, then tells of changed and new ones', async () => {
    const { user, as } = await api.given.user();
    const other = await api.given.user();
    await api.given.job({ user });
    const queued = await api.given.job({ user, status: 'queued' });
    const running = await api.given.job({ user, status: 'processing' });
    const foreign = await api.given.job({ user: other.user, status: 'queued' });
    const events = await as.subscribe<MyJob>(MY_JOBS);
    const next = async () => (await events.next())?.data?.myJobs;
    expect(await next()).toMatchObject({ originalFilename: running.original_filename });
    expect(await next()).toMatchObject({ originalFilename: queued.original_filename });
    await change(api, foreign, { status: 'processing' });
    await change(api, running, { status: 'completed' });
    expect(await next()).toMatchObject({
      originalFilename: running.original_filename,
      status: 'COMPLETED',
    });
    const made = await api.given.job({ user, status: 'queued', updated_at: now() });
    expect(await next()).toMatchObject({ originalFilename: made.original_filename });
    events.close();
  });

  test('brings to who comes back what ended meanwhile', async () => {
    const { user, as } = await api.given.user();
    const jobs = [
      await api.given.job({ user, status: 'processing', updated_at: now() }),
      await api.given.job({ user, status: 'processing', updated_at: now() }),
    ];
    await api.given.job({ user });
    const events = await as.subscribe<MyJob>(MY_JOBS);
    await events.next();
    const since = (await events.next())?.data?.myJobs.updatedAt;
    events.close();
    for (const job of jobs) await change(api, job, { status: 'completed' });
    const again = await as.subscribe<MyJob>(MY_JOBS, { since });
    const missed = [await again.next(), await again.next()].map((event) => event?.data?.myJobs);
    expect(missed).toMatchObject(
      jobs.map((job) => ({ originalFilename: job.original_filename, status: 'COMPLETED' })),
    );
    again.close();
  });

  test('is for people, who have jobs', async () => {
    const { as } = await api.given.worker();
    const events = await as.subscribe(MY_JOBS);
    expect(await events.all()).toMatchObject([{ errors: [{ extensions: { code: 'FORBIDDEN' } }] }]);
  });
});

describe.each(databases)('several servers on $name', (kind) => {
  test('tell of each other’s changes, with one statement for all who listen', async () => {
    const api = await givenApi(kind);
    const other = await anotherServer(api, { viewerTtlMs: 3_600_000 });
    const { user } = await api.given.user();
    const as = other.client.as(api.given.tokenOf(user).token);
    const job = await api.given.job({ user, status: 'queued' });
    const all = await Promise.all(
      Array.from({ length: 20 }, () =>
        as.subscribe(JOB_UPDATED.replace(/transcript.*language }/, ''), { id: job.globalId }),
      ),
    );
    await Promise.all(all.map((events) => events.next()));
    // What PostgreSQL may have missed before it listened was looked up.
    await expect.poll(async () => other.app.jobFeed.load()).toEqual({ readers: 20, waiting: 0 });
    await sleep(300);
    other.forgetStatements();
    await change(api, job, { status: 'processing', progress: 0 });
    const heard = await Promise.all(all.map((events) => events.next()));
    expect(heard).toEqual(
      all.map(() => ({ data: { jobUpdated: { status: 'PROCESSING', progress: 0 } } })),
    );
    expect(other.statements.map(({ sql }) => sql)).toHaveLength(1);
    for (const events of all) events.close();
  });
});

/** A subscription whose answer nobody reads until somebody does. */
async function unreadSubscription(api: TestApi, user: UserRow, query: string, variables: object) {
  const begun = request(api.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${api.given.tokenOf(user).token}`,
    },
  });
  begun.end(JSON.stringify({ query, variables }));
  const [response]: IncomingMessage[] = await once(begun, 'response');
  onTestFinished(() => {
    begun.destroy();
  });
  if (!response) throw new Error('There was no answer.');
  return response;
}

describe.each(databases)('a reader who does not read on $name', (kind) => {
  test('costs the latest state of a job, however often it changes', async () => {
    const api = await givenApi(kind);
    const { user } = await api.given.user();
    const job = await api.given.job({ user, status: 'processing' });
    const query = 'subscription SlowReader($id: ID!) { jobUpdated(id: $id) { errorMessage } }';
    await unreadSubscription(api, user, query, { id: job.globalId });
    const made = () =>
      countedMetrics(api.app.monitor, 'operation').find(({ name }) => name === 'SlowReader')?.calls;
    const CHANGES = 20;
    for (let count = 0; count < CHANGES; count += 1) {
      // Two megabytes each: what the network holds for the reader is soon full.
      await change(api, job, { error_message: `${count}`.padEnd(2_000_000) });
      await sleep(150);
      expect(api.app.jobFeed.load().waiting).toBeLessThanOrEqual(1);
    }
    expect(api.app.jobFeed.load().waiting).toBe(1);
    expect(made()).toBeLessThan(CHANGES / 2);
  });

  test('misses none of many jobs when reading on, and no more than some wait', async () => {
    const api = await givenApi(kind);
    const { user } = await api.given.user();
    const query = 'subscription SlowReader { myJobs { originalFilename errorMessage } }';
    const response = await unreadSubscription(api, user, query, {});
    const JOBS = 700;
    await api.given.jobs(
      Array.from({ length: JOBS }, (_, number) => ({
        user,
        original_filename: `${number}.mp3`,
        status: 'queued' as const,
        updated_at: now(),
        error_message: ''.padEnd(50_000),
      })),
    );
    await sleep(500);
    expect(api.app.jobFeed.load().waiting).toBeLessThanOrEqual(500);
    const told = new Set<string>();
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk;
      for (const [, name] of text.matchAll(/"originalFilename":"(\d+\.mp3)"/g)) told.add(`${name}`);
      text = text.slice(-100);
      if (told.size === JOBS) break;
    }
    expect(told.size).toBe(JOBS);
  });
});

describe.each(databases)('stopping a server on $name', (kind) => {
  test('ends its subscriptions at once', async () => {
    const database = await kind.create();
    onTestFinished(database.drop);
    const api = await startApi(database);
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'queued' });
    const all = [
      await as.subscribe(JOB_UPDATED, { id: job.globalId }),
      await as.subscribe(MY_JOBS),
    ];
    await Promise.all(all.map((events) => events.next()));
    const stoppedAt = performance.now();
    const stopped = api.stop();
    expect(await Promise.all(all.map((events) => events.all()))).toEqual([[], []]);
    await stopped;
    // Thirty seconds are what it waits for requests that run.
    expect(performance.now() - stoppedAt).toBeLessThan(5000);
  });
});

const postgres = databases.filter(({ name }) => name === 'PostgreSQL');

describe.each(postgres)('a broken connection on $name', (kind) => {
  test('is made again, and what changed meanwhile is told', async () => {
    const api = await givenApi(kind);
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'queued' });
    const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    const mine = await as.subscribe<MyJob>(MY_JOBS);
    await Promise.all([events.next(), mine.next()]);
    const listening = () =>
      api
        .db('pg_stat_activity')
        .whereRaw("datname = current_database() AND query LIKE 'LISTEN job%'");
    await expect.poll(listening).toHaveLength(1);
    await listening().select(api.db.raw('pg_terminate_backend(pid)'));
    await change(api, job, { status: 'processing' });
    expect(await events.next()).toMatchObject({ data: { jobUpdated: { status: 'PROCESSING' } } });
    expect(await mine.next()).toMatchObject({ data: { myJobs: { status: 'PROCESSING' } } });
    await change(api, job, { status: 'completed' });
    expect(await events.all()).toMatchObject([{ data: { jobUpdated: { status: 'COMPLETED' } } }]);
    mine.close();
    await expect.poll(listening).toHaveLength(0);
  });

  test('is not told of a heartbeat', async () => {
    const api = await givenApi(kind);
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, status: 'processing' });
    const events = await as.subscribe(JOB_UPDATED, { id: job.globalId });
    await events.next();
    await sleep(200);
    api.forgetStatements();
    await api.db('jobs').where('id', job.id).update({ lease_expires_at: now() });
    await sleep(200);
    expect(api.statements).toHaveLength(1);
    events.close();
  });
});
