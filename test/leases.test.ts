import { beforeEach, describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { globalId } from './harness/given.ts';
import {
  CANCEL,
  CLAIM,
  claimed,
  createdJob,
  FAIL,
  lease,
  movableClock,
  RELEASE,
  REPORT,
  tokenOf,
} from './harness/queue.ts';

describe.each(databases)('leases on $name', (kind) => {
  const { clock, pass } = movableClock();
  const api = useApi(kind, {
    clock,
    config: { jobs: { budgetSeconds: 3600, retryDelaySeconds: 10 } },
  });
  let owner: Client;
  let worker: Client;
  beforeEach(async () => {
    await api.db('jobs').delete();
    owner = (await api.given.user()).as;
    worker = (await api.given.worker()).as;
  });

  const rawId = (id: string): string => Buffer.from(id, 'base64url').toString().slice(4);

  async function jobOf(id: string): Promise<object> {
    const query = 'query Job($id: ID!) { job(id: $id) { status attempt runAfter errorCode } }';
    return (await owner.query<{ job: object }, object>(query, { id })).job;
  }

  test('a claim gives a job, for as long as was asked for', async () => {
    const id = await createdJob(owner, { filename: 'talk.MP3' });
    expect(await lease(worker, ['large-v3', 'small'], 30)).toEqual({
      attempt: 1,
      expiresAt: new Date(clock().getTime() + 30_000).toISOString(),
      deadlineAt: new Date(clock().getTime() + 3_600_000).toISOString(),
      savedFilename: expect.stringMatching(/^[\w-]{36}\.mp3$/),
      job: {
        id,
        status: 'PROCESSING',
        originalFilename: 'talk.MP3',
        model: 'small',
        progress: null,
      },
    });
    expect(await claimed(worker)).toBeNull();
  });

  test('a job of another model is not given', async () => {
    await createdJob(owner, { model: 'large-v3' });
    expect(await claimed(worker, ['small', 'tiny'])).toBeNull();
  });

  test('a failed attempt gives the job back after a while, and the last one fails it', async () => {
    await createdJob(owner, { maxAttempts: 2 });
    const first = await lease(worker);
    expect(await worker.query(FAIL, tokenOf(first))).toMatchObject({
      failJob: {
        status: 'QUEUED',
        runAfter: new Date(clock().getTime() + 10_000).toISOString(),
        errorCode: 'TRANSCRIPTION_FAILED',
      },
    });
    expect(await claimed(worker)).toBeNull();
  });

  test('what is given back is there at once, and costs no attempt', async () => {
    await createdJob(owner, { maxAttempts: 1 });
    const first = await lease(worker);
    expect(await worker.query(RELEASE, tokenOf(first))).toMatchObject({
      releaseJob: { status: 'QUEUED', attempt: 1, maxAttempts: 2 },
    });
    const second = await lease(worker);
    expect(second.attempt).toBe(2);
    expect(await worker.query(FAIL, tokenOf(second))).toMatchObject({
      failJob: { status: 'FAILED_WHISPER_ERROR', attempt: 2 },
    });
  });

  test('a lease that is over is lost, and one that is reported in time is not', async () => {
    await createdJob(owner);
    const token = tokenOf(await lease(worker, ['small'], 30));
    pass(29);
    await worker.query(REPORT, { ...token, progress: 0.5, leaseSeconds: 30 });
    pass(29);
    await worker.query(REPORT, { ...token, leaseSeconds: 30 });
    pass(30);
    expect(await worker.refusal(REPORT, token)).toMatchObject({ code: 'LEASE_LOST' });
  });

  test('a cancelled job is lost to its worker', async () => {
    const id = await createdJob(owner);
    const token = tokenOf(await lease(worker));
    expect(await owner.query(CANCEL, { id })).toMatchObject({
      cancelJob: { data: { status: 'CANCELLED' } },
    });
    expect(await worker.refusal(FAIL, token)).toMatchObject({ code: 'LEASE_LOST' });
    expect(await owner.query(CANCEL, { id })).toMatchObject({
      cancelJob: { from: 'CANCELLED', to: 'CANCELLED' },
    });
  });

  test('each failed attempt makes the job wait twice as long', async () => {
    await createdJob(owner, { maxAttempts: 20 });
    const waited: number[] = [];
    for (let attempt = 1; attempt <= 11; attempt += 1) {
      const { failJob } = await worker.query<{ failJob: { runAfter: string } }, object>(
        FAIL,
        tokenOf(await lease(worker)),
      );
      const seconds = (Date.parse(failJob.runAfter) - clock().getTime()) / 1000;
      waited.push(seconds);
      pass(seconds);
      await api.app.sweeper.sweep();
    }
    // An hour at most.
    expect(waited).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
  });

  test('what trying again does not mend fails at once', async () => {
    await createdJob(owner);
    const token = tokenOf(await lease(worker));
    const message = 'no audio in it'.padEnd(20_000, '.');
    const variables = { ...token, code: 'AUDIO_UNREADABLE', message };
    expect(await worker.query(FAIL, variables)).toMatchObject({
      failJob: {
        status: 'FAILED_WHISPER_ERROR',
        errorCode: 'AUDIO_UNREADABLE',
        errorMessage: message.slice(0, 10_000),
        runAfter: null,
        finishedAt: clock().toISOString(),
      },
    });
  });

  test('a worker that is not heard of loses its job, and the last time the job fails', async () => {
    const id = await createdJob(owner, { maxAttempts: 2 });
    for (const [seconds, status] of [
      [10, 'QUEUED'],
      [0, 'FAILED_UNKNOWN'],
    ] as const) {
      const { attempt } = await lease(worker, ['small'], 10);
      pass(9.999);
      await api.app.sweeper.sweep();
      expect(await jobOf(id)).toMatchObject({ status: 'PROCESSING', attempt });
      pass(0.001);
      await api.app.sweeper.sweep();
      const runAfter = seconds === 0 ? null : new Date(clock().getTime() + 10_000).toISOString();
      expect(await jobOf(id)).toMatchObject({
        status,
        attempt,
        runAfter,
        errorCode: 'LEASE_EXPIRED',
      });
      expect(await worker.refusal(REPORT, { id, attempt })).toMatchObject({ code: 'LEASE_LOST' });
      pass(seconds);
      await api.app.sweeper.sweep();
    }
    const events = await api
      .db('audit_logs')
      .where({ resource_id: rawId(id), username: 'queue' })
      .orderBy('id');
    expect(events).toMatchObject([
      { event_type: 'job_attempt_failed', details: 'LEASE_EXPIRED', user_id: null, method: null },
      { event_type: 'job_failed', details: 'LEASE_EXPIRED', severity: 'warning' },
    ]);
  });

  test('many leases that are over at once are all noticed', async () => {
    const { user } = await api.given.user();
    const { globalId: _, ...row } = await api.given.job({
      user,
      status: 'processing',
      attempt: 1,
      lease_expires_at: clock().toISOString(),
    } as Parameters<typeof api.given.job>[0]);
    await api.db.batchInsert(
      'jobs',
      Array.from({ length: 250 }, (_row, index) => ({ ...row, id: `over-${index}` })),
      50,
    );
    await api.app.sweeper.sweep();
    expect(await api.db('jobs').where('status', 'processing')).toEqual([]);
    expect(await api.db('jobs').whereNotNull('lease_expires_at')).toEqual([]);
  });

  test('sweeping at the same moment ends an attempt once', async () => {
    const id = await createdJob(owner);
    await lease(worker, ['small'], 10);
    pass(10);
    await Promise.all([1, 2, 3].map(() => api.app.sweeper.sweep()));
    const events = await api.db('audit_logs').where({ resource_id: rawId(id), username: 'queue' });
    expect(events).toHaveLength(1);
  });

  test('a job that takes 20 leases is never given to another while its worker is heard of', async () => {
    await createdJob(owner);
    const other = (await api.given.worker()).as;
    const token = tokenOf(await lease(worker, ['small'], 10));
    for (let count = 0; count < 40; count += 1) {
      pass(5);
      await api.app.sweeper.sweep();
      expect(await claimed(other)).toBeNull();
      await worker.query(REPORT, { ...token, progress: count / 40, leaseSeconds: 10 });
    }
    expect(await worker.query(REPORT, token)).toMatchObject({
      reportProgress: { attempt: 1, job: { progress: 39 / 40 } },
    });
  });

  test('a job that takes longer than it may fails, however alive its worker is', async () => {
    const id = await createdJob(owner);
    const token = tokenOf(await lease(worker, ['small'], 1000));
    for (const seconds of [900, 900, 900, 899]) {
      pass(seconds);
      await worker.query(REPORT, { ...token, leaseSeconds: 1000 });
      await api.app.sweeper.sweep();
    }
    pass(1);
    expect(await worker.refusal(REPORT, token)).toMatchObject({ code: 'LEASE_LOST' });
    await api.app.sweeper.sweep();
    expect(await jobOf(id)).toMatchObject({ status: 'FAILED_TIMEOUT', errorCode: 'OUT_OF_TIME' });
  });

  test('the time of all attempts counts, and the time between them does not', async () => {
    const id = await createdJob(owner);
    const first = await lease(worker, ['small'], 3600);
    pass(1000);
    await worker.query(RELEASE, tokenOf(first));
    pass(100_000);
    const second = await lease(worker, ['small'], 3600);
    expect(Date.parse(second.deadlineAt) - clock().getTime()).toBe(2_600_000);
    pass(2600);
    await api.app.sweeper.sweep();
    expect(await jobOf(id)).toMatchObject({ status: 'FAILED_TIMEOUT' });
  });

  test.each([
    ['of another attempt', (token: { attempt: number }) => ({ ...token, attempt: 2 })],
    ['of an attempt before the first', (token: object) => ({ ...token, attempt: 0 })],
    ['of no job', (token: object) => ({ ...token, id: globalId('Job', 'b-1') })],
  ])('a token %s is refused, and changes nothing', async (_name, changed) => {
    await createdJob(owner);
    const token = tokenOf(await lease(worker));
    const before = [await api.db('jobs'), await api.db('audit_logs')];
    for (const operation of [REPORT, FAIL, RELEASE]) {
      const refusal = await worker.refusal(operation, changed(token));
      expect(refusal).toMatchObject({ code: 'LEASE_LOST' });
    }
    expect([await api.db('jobs'), await api.db('audit_logs')]).toEqual(before);
  });

  test('the token of another worker is refused, and changes nothing', async () => {
    await createdJob(owner);
    const token = tokenOf(await lease(worker));
    const other = (await api.given.worker()).as;
    for (const operation of [REPORT, FAIL, RELEASE]) {
      expect(await other.refusal(operation, token)).toMatchObject({ code: 'LEASE_LOST' });
    }
    await worker.query(REPORT, token);
  });

  test('of claims at the same moment each gets a job of its own', async () => {
    for (let count = 0; count < 10; count += 1) await createdJob(owner);
    const leases = await Promise.all(Array.from({ length: 10 }, () => lease(worker)));
    expect(new Set(leases.map(({ job }) => job.id)).size).toBe(10);
    expect(await claimed(worker)).toBeNull();
  });

  test('what a worker does is in the audit log', async () => {
    const id = await createdJob(owner);
    for (const operation of [REPORT, RELEASE, FAIL]) {
      const found = await claimed(worker);
      await worker.query(operation, found ? tokenOf(found) : { id, attempt: 1 });
    }
    const entries = await api.db('audit_logs').where('resource_id', rawId(id)).orderBy('id');
    expect(entries.map(({ event_type }) => event_type)).toEqual([
      'job_created',
      'job_claimed',
      'job_progress_reported',
      'job_released',
      'job_claimed',
      'job_attempt_failed',
    ]);
  });

  test.each([
    [CLAIM, { models: [], leaseSeconds: 60 }],
    [CLAIM, { models: Array.from({ length: 51 }, String), leaseSeconds: 60 }],
    [CLAIM, { models: ['small'], leaseSeconds: 0 }],
    [CLAIM, { models: ['small'], leaseSeconds: 3601 }],
    [REPORT, { leaseSeconds: 3601 }],
    [REPORT, { progress: 1.01 }],
    [REPORT, { progress: -0.01 }],
  ])('%s with %j is refused', async (operation, variables) => {
    await createdJob(owner);
    const token = operation === REPORT ? tokenOf(await lease(worker)) : {};
    const refusal = await worker.refusal(operation, { ...token, ...variables });
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('only workers do what workers do', async () => {
    const id = await createdJob(owner);
    const operations: [string, object][] = [
      [CLAIM, { models: ['small'], leaseSeconds: 60 }],
      [REPORT, { id, attempt: 1 }],
      [FAIL, { id, attempt: 1 }],
      [RELEASE, { id, attempt: 1 }],
    ];
    const { as: administrator } = await api.given.administrator();
    for (const [operation, variables] of operations) {
      for (const as of [owner, administrator]) {
        expect((await as.refusal(operation, variables)).code).toBe('FORBIDDEN');
      }
      expect((await api.client.refusal(operation, variables)).code).toBe('UNAUTHENTICATED');
    }
  });
});
