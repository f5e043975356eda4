import { beforeAll, describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { type DatabaseKind, databases } from './harness/databases.ts';
import { globalId } from './harness/given.ts';
import {
  CANCEL,
  CLAIM,
  CREATE_JOB,
  createdJob,
  DELETE,
  FAIL,
  lease,
  REDRIVE,
  RELEASE,
  REPORT,
  RETRY,
  tokenOf,
} from './harness/queue.ts';

/** Makes every entry of the audit log fail. */
const refusal: Record<DatabaseKind['name'], { on: string[]; off: string[] }> = {
  SQLite: {
    on: [
      "CREATE TRIGGER refuse BEFORE INSERT ON audit_logs BEGIN SELECT raise(ABORT, 'refused'); END",
    ],
    off: ['DROP TRIGGER refuse'],
  },
  PostgreSQL: {
    on: [
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$",
      'CREATE TRIGGER refuse BEFORE INSERT ON audit_logs EXECUTE FUNCTION refuse()',
    ],
    off: ['DROP TRIGGER refuse ON audit_logs', 'DROP FUNCTION refuse'],
  },
};

describe.each(databases)('the jobs of people on $name', (kind) => {
  const api = useApi(kind);
  let owner: Awaited<ReturnType<typeof api.given.user>>;
  beforeAll(async () => {
    owner = await api.given.user();
  });

  const rowOf = (id: string) => api.db('jobs').where('id', rawId(id)).first();
  const rawId = (id: string): string => Buffer.from(id, 'base64url').toString().slice(4);

  const input = (changes: object = {}) => ({
    filename: 'talk.mp3',
    model: 'small',
    fileSizeBytes: 1000,
    ...changes,
  });
  const created = async (as: Client, changes: object = {}) =>
    (await as.query<{ createJob: object }, object>(CREATE_JOB, { input: input(changes) }))
      .createJob;

  describe('createJob', () => {
    test('puts a file into the queue', async () => {
      expect(await created(owner.as, { priority: 3, durationSeconds: 60.5 })).toMatchObject({
        __typename: 'CreateJobSuccess',
        data: { originalFilename: 'talk.mp3', status: 'QUEUED', priority: 3, runAfter: null },
      });
    });

    test('keeps names in NFC', async () => {
      const name = 'Mu\u0308ller.mp3';
      expect(await created(owner.as, { filename: ` ${name}` })).toMatchObject({
        data: { originalFilename: name.normalize('NFC') },
      });
    });

    test('keeps what is to run later', async () => {
      const runAfter = '2999-01-01T00:00:00.000Z';
      expect(await created(owner.as, { runAfter })).toMatchObject({ data: { runAfter } });
    });

    test.each([
      ['filename', { filename: '' }],
      ['filename', { filename: '  ' }],
      ['filename', { filename: '../etc/passwd' }],
      ['filename', { filename: 'a\nb.mp3' }],
      ['filename', { filename: '\ud800.mp3' }],
      ['filename', { filename: 'x'.repeat(256) }],
      ['model', { model: '' }],
      ['model', { model: '-x' }],
      ['model', { model: 'x'.repeat(101) }],
      ['fileSizeBytes', { fileSizeBytes: -1 }],
      ['durationSeconds', { durationSeconds: -0.1 }],
      ['priority', { priority: 101 }],
      ['maxAttempts', { maxAttempts: 0 }],
      ['maxAttempts', { maxAttempts: 21 }],
      ['idempotencyKey', { idempotencyKey: '' }],
      ['idempotencyKey', { idempotencyKey: 'x'.repeat(201) }],
    ])('refuses a %s that is wrong: %j', async (field, changes) => {
      const before = await api.db('jobs').count();
      expect(await created(owner.as, changes)).toMatchObject({
        __typename: 'InvalidInputError',
        field,
      });
      expect(await api.db('jobs').count()).toEqual(before);
    });

    test('gives the same job for the same key, also at the same moment', async () => {
      const key = { idempotencyKey: 'upload-1' };
      const answers = await Promise.all([1, 2, 3, 4].map(() => created(owner.as, key)));
      const again = await created(owner.as, { ...key, priority: 7 });
      for (const answer of answers) expect(answer).toEqual(again);
      expect(await api.db('jobs').where('idempotency_key', 'upload-1')).toHaveLength(1);
    });

    test.each([{ filename: 'other.mp3' }, { model: 'large-v3' }, { fileSizeBytes: 1001 }])(
      'refuses a key that was used for another job: %j',
      async (changes) => {
        const key = { idempotencyKey: `conflict-${JSON.stringify(changes)}` };
        await created(owner.as, key);
        expect(await created(owner.as, { ...key, ...changes })).toMatchObject({
          __typename: 'IdempotencyConflictError',
          ...key,
        });
      },
    );

    test('lets two users have the same key', async () => {
      const key = { idempotencyKey: 'shared' };
      const other = await api.given.user();
      const [first, second] = [await created(owner.as, key), await created(other.as, key)];
      expect(second).toMatchObject({ __typename: 'CreateJobSuccess' });
      expect(second).not.toEqual(first);
    });
  });

  test('what ended can begin anew, with new attempts', async () => {
    const worker = await api.given.worker();
    const id = await createdJob(owner.as, { model: 'retry', maxAttempts: 1 });
    const first = await lease(worker.as, ['retry']);
    await worker.as.query(FAIL, tokenOf(first));
    expect(await owner.as.query(RETRY, { id })).toMatchObject({
      retryJob: {
        data: {
          status: 'QUEUED',
          attempt: 1,
          maxAttempts: 4,
          errorCode: null,
          errorMessage: null,
          finishedAt: null,
        },
      },
    });
    expect((await lease(worker.as, ['retry'])).attempt).toBe(2);
    // The token of before is of no use.
    expect(await worker.as.refusal(FAIL, tokenOf(first))).toMatchObject({ code: 'LEASE_LOST' });
  });

  test('a deleted job is gone with its transcript, and its worker is told', async () => {
    const worker = await api.given.worker();
    const id = await createdJob(owner.as, { model: 'deleted' });
    const token = tokenOf(await lease(worker.as, ['deleted']));
    const job = await rowOf(id);
    await api.given.metadata({ job });
    await api.given.segments(job, ['one', 'two']);
    expect(await owner.as.query(DELETE, { id })).toEqual({ deleteJob: { id } });
    for (const table of ['metadata', 'segments']) {
      expect(await api.db(table).where('job_id', job.id)).toEqual([]);
    }
    expect(await rowOf(id)).toBeUndefined();
    expect(await worker.as.refusal(FAIL, token)).toMatchObject({ code: 'LEASE_LOST' });
  });

  test('a long transcript is deleted in pieces', async () => {
    const job = await api.given.job({ user: owner.user, status: 'completed' });
    await api.given.segments(job, Array(200).fill('so many words'));
    api.forgetStatements();
    await owner.as.query(DELETE, { id: job.globalId });
    const deleted = api.statements.filter(({ sql }) => /^delete from .segments/.test(sql));
    expect(deleted.map(({ rowCount }) => rowCount)).toEqual([64, 64, 64, 8]);
    expect(await api.db('segments').where('job_id', job.id)).toEqual([]);
    expect(await api.db('jobs').where('id', job.id)).toEqual([]);
  });

  test.each([
    ['cancelJob', CANCEL],
    ['retryJob', RETRY],
    ['deleteJob', DELETE],
  ])('%s finds no job of somebody else, and none that is not there', async (_name, operation) => {
    const id = await createdJob(owner.as);
    const other = await api.given.user();
    for (const asked of [id, globalId('Job', 'b-1')]) {
      expect(await other.as.refusal(operation, { id: asked })).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await rowOf(id)).toMatchObject({ status: 'queued' });
    const administrator = await api.given.administrator();
    if (operation !== RETRY) await administrator.as.query(operation, { id });
  });

  test.each([
    ['createJob', CREATE_JOB, { input: input() }],
    ['cancelJob', CANCEL, { id: globalId('Job', 'b-1') }],
    ['retryJob', RETRY, { id: globalId('Job', 'b-1') }],
    ['deleteJob', DELETE, { id: globalId('Job', 'b-1') }],
    ['redriveJobs', REDRIVE, {}],
  ])('%s is not for workers, nor for nobody', async (_name, operation, variables) => {
    const worker = await api.given.worker();
    expect(await worker.as.refusal(operation, variables)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await api.client.refusal(operation, variables)).toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  describe('redriveJobs', () => {
    const redriven = async (as: Client, variables: object) =>
      (await as.query<{ redriveJobs: object }, object>(REDRIVE, variables)).redriveJobs;

    test('puts back what failed for good, as far as the filter says, and counts it', async () => {
      const administrator = await api.given.administrator();
      const { user, id: userId } = await api.given.user();
      for (const status of ['failed', 'failed_timeout', 'completed', 'cancelled'] as const) {
        for (const model of ['small', 'large-v3']) {
          await api.given.job({ user, status, model, attempt: 3, error_code: 'OTHER' });
        }
      }
      const filter = { userId, model: 'small' };
      expect(await redriven(administrator.as, { filter: { ...filter, status: 'FAILED' } })).toEqual(
        {
          data: { count: 1, hasMore: false },
        },
      );
      expect(await redriven(administrator.as, { filter })).toEqual({
        data: { count: 1, hasMore: false },
      });
      const jobs = await api.db('jobs').where({ user_id: user.id, status: 'queued' });
      expect(jobs).toHaveLength(2);
      for (const job of jobs) {
        expect(job).toMatchObject({
          model: 'small',
          attempt: 3,
          max_attempts: 6,
          error_code: null,
        });
      }
    });

    test('goes in steps, and stops at the limit', async () => {
      const administrator = await api.given.administrator();
      const { user, id: userId } = await api.given.user();
      const { globalId: _, ...row } = await api.given.job({ user, status: 'failed' });
      await api.db.batchInsert(
        'jobs',
        Array.from({ length: 54 }, (_row, index) => ({ ...row, id: `redrive-${index}` })),
        50,
      );
      const filter = { userId };
      expect(await redriven(administrator.as, { filter, limit: 41 })).toEqual({
        data: { count: 41, hasMore: true },
      });
      expect(await redriven(administrator.as, { filter, limit: 41 })).toEqual({
        data: { count: 14, hasMore: false },
      });
      const entries = await api.db('audit_logs').where({
        event_type: 'jobs_redriven',
        username: administrator.user.username,
      });
      expect(entries.map(({ details }) => details.split(' ').length)).toEqual([
        ...Array(4).fill(10),
        1,
        10,
        4,
      ]);
    });

    test('is for administrators, and for what failed', async () => {
      expect(await owner.as.refusal(REDRIVE, {})).toMatchObject({ code: 'FORBIDDEN' });
      const administrator = await api.given.administrator();
      expect(await redriven(administrator.as, { filter: { status: 'COMPLETED' } })).toEqual({
        from: 'COMPLETED',
        to: 'QUEUED',
      });
      expect(await administrator.as.refusal(REDRIVE, { limit: 0 })).toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    });
  });

  test('every mutation is in the audit log', async () => {
    const ids = [];
    for (let count = 0; count < 2; count += 1) ids.push(await createdJob(owner.as));
    const [first = '', second = ''] = ids;
    await owner.as.query(CANCEL, { id: first });
    await owner.as.query(RETRY, { id: first });
    await owner.as.query(DELETE, { id: second });
    const eventsOf = async (id: string) =>
      (await api.db('audit_logs').where('resource_id', rawId(id)).orderBy('id')).map(
        ({ event_type, username }) => [event_type, username],
      );
    const { username } = owner.user;
    expect(await eventsOf(first)).toEqual([
      ['job_created', username],
      ['job_cancelled', username],
      ['job_retried', username],
    ]);
    expect(await eventsOf(second)).toEqual([
      ['job_created', username],
      ['job_deleted', username],
    ]);
  });

  test('what the audit log does not take does not happen', async () => {
    const administrator = await api.given.administrator();
    const worker = await api.given.worker();
    await createdJob(owner.as, { model: 'refused' });
    const token = tokenOf(await lease(worker.as, ['refused']));
    await createdJob(owner.as, { model: 'refused' });
    const queued = await createdJob(owner.as);
    const failed = await api.given.job({ user: owner.user, status: 'failed' });
    const operations: [Client, string, object][] = [
      [owner.as, CREATE_JOB, { input: input() }],
      [owner.as, CANCEL, { id: queued }],
      [owner.as, RETRY, { id: failed.globalId }],
      [owner.as, DELETE, { id: queued }],
      [administrator.as, REDRIVE, {}],
      [worker.as, CLAIM, { models: ['refused'], leaseSeconds: 60 }],
      [worker.as, REPORT, token],
      [worker.as, FAIL, token],
      [worker.as, RELEASE, token],
    ];
    const before = await api.db('jobs').orderBy('id');
    const turns = await api.db('queue_turns').orderBy(['user_id', 'model']);
    for (const statement of refusal[kind.name].on) await api.db.raw(statement);
    try {
      for (const [as, operation, variables] of operations) {
        expect(await as.refusal(operation, variables)).toMatchObject({
          code: 'INTERNAL_SERVER_ERROR',
        });
      }
    } finally {
      for (const statement of refusal[kind.name].off) await api.db.raw(statement);
    }
    expect(await api.db('jobs').orderBy('id')).toEqual(before);
    expect(await api.db('queue_turns').orderBy(['user_id', 'model'])).toEqual(turns);
  });
});
