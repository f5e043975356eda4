import { beforeEach, describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
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

  test('only a worker claims', async () => {
    for (const as of [owner, (await api.given.administrator()).as]) {
      const refusal = await as.refusal(CLAIM, { models: ['small'], leaseSeconds: 60 });
      expect(refusal.code).toBe('FORBIDDEN');
    }
  });
});
