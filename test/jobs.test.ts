import { beforeAll, describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { minutes } from './harness/given.ts';

const JOB = 'query Job($id: ID!) { job(id: $id) { id } }';

interface Jobs {
  edges: { node: { originalFilename: string } }[];
  totalCount: number;
}

interface Counted {
  edges: { node: { jobCounts: { status: string; count: number }[] } }[];
}

/** The names of the files of `jobs`, in order. */
async function filenames(as: Client, args: { filter?: object; orderBy?: object } = {}) {
  const { jobs }: { jobs: Jobs } = await as.query(
    `query Jobs($filter: JobFilter, $orderBy: JobOrder) {
       jobs(first: 100, filter: $filter, orderBy: $orderBy) {
         edges { node { originalFilename } }
         totalCount
       }
     }`,
    args,
  );
  const names = jobs.edges.map(({ node }) => node.originalFilename);
  expect(jobs.totalCount).toBe(names.length);
  return names;
}

describe.each(databases)('jobs on $name', (kind) => {
  const api = useApi(kind);

  describe('visibility', () => {
    test('a user does not see the job of another', async () => {
      const owner = await api.given.user();
      const other = await api.given.user();
      const job = await api.given.job({ user: owner.user });
      expect(await owner.as.query(JOB, { id: job.globalId })).toEqual({
        job: { id: job.globalId },
      });
      expect(await other.as.query(JOB, { id: job.globalId })).toEqual({ job: null });
      expect(await other.as.query(JOB, { id: 'Sm9iOjA' })).toEqual({ job: null });
    });

    test('an administrator and a worker see the jobs of everybody', async () => {
      const { user, id } = await api.given.user();
      const job = await api.given.job({ user });
      const administrator = await api.given.administrator();
      const worker = await api.given.worker();
      for (const { as } of [administrator, worker]) {
        expect(await as.query(JOB, { id: job.globalId })).toEqual({ job: { id: job.globalId } });
        expect(await filenames(as, { filter: { userId: id } })).toEqual([job.original_filename]);
      }
    });

    test('a list has only the own jobs, whoever is asked for', async () => {
      const owner = await api.given.user();
      const other = await api.given.user();
      const job = await api.given.job({ user: owner.user });
      expect(await filenames(owner.as)).toEqual([job.original_filename]);
      expect(await filenames(owner.as, { filter: { userId: owner.id } })).toHaveLength(1);
      expect(await filenames(other.as)).toEqual([]);
      expect(await filenames(other.as, { filter: { userId: owner.id } })).toEqual([]);
    });

    test('without a token there are no jobs at all', async () => {
      const refusal = await api.client.refusal('{ jobs { edges { node { id } } } }');
      expect(refusal.code).toBe('UNAUTHENTICATED');
    });

    test('a worker sees no users', async () => {
      const { user } = await api.given.user();
      const job = await api.given.job({ user });
      const { as } = await api.given.worker();
      const query = 'query JobUser($id: ID!) { job(id: $id) { user { id } } }';
      expect(await as.query(query, { id: job.globalId })).toEqual({ job: { user: null } });
    });
  });

  describe('filters', () => {
    const large = 5_000_000_000;
    let as: Client;

    beforeAll(async () => {
      const owner = await api.given.user();
      as = owner.as;
      const rows = [
        { duration_seconds: 10, file_size_bytes: 1000 },
        { status: 'queued' as const },
        { model: 'large-v3', duration_seconds: 20.5, file_size_bytes: large },
        { status: 'failed_timeout' as const, model: 'large-v3', duration_seconds: 30 },
      ];
      for (const [index, row] of rows.entries()) {
        await api.given.job({
          user: owner.user,
          original_filename: 'abcd'.charAt(index),
          created_at: minutes(index),
          ...row,
        });
      }
    });

    // a: completed, small, 10 s; b: queued, small, nothing known; c: completed, large-v3, 20.5 s, 5 GB;
    // d: failed_timeout, large-v3, 30 s. The newest, d, comes first.
    test.each([
      ['nothing', {}, 'dcba'],
      ['a status', { status: 'COMPLETED' }, 'ca'],
      ['a status that no job has', { status: 'CANCELLED' }, ''],
      ['a model', { model: 'small' }, 'ba'],
      ['a part of a model', { model: 'large' }, ''],
      [
        'a time from (included) and to (not)',
        { createdAt: { from: minutes(1), to: minutes(3) } },
        'cb',
      ],
      ['a time from', { createdAt: { from: minutes(2) } }, 'dc'],
      ['a time to', { createdAt: { to: minutes(2) } }, 'ba'],
      ['a time of another zone', { createdAt: { from: '2026-01-01T14:02:00+02:00' } }, 'dc'],
      ['a time with nothing in it', { createdAt: { from: minutes(3), to: minutes(3) } }, ''],
      ['an open range', { createdAt: {}, durationSeconds: {} }, 'dcba'],
      ['a duration from (included) and to (not)', { durationSeconds: { from: 10, to: 30 } }, 'ca'],
      ['a duration from', { durationSeconds: { from: 20.5 } }, 'dc'],
      ['a duration to', { durationSeconds: { to: 20.5 } }, 'a'],
      ['a duration from below zero', { durationSeconds: { from: -5 } }, 'dca'],
      ['a duration between below zero', { durationSeconds: { from: -5, to: 0 } }, ''],
      ['a size from (included) and to (not)', { fileSizeBytes: { from: 1000, to: large } }, 'a'],
      ['a size over 2^31', { fileSizeBytes: { from: 2 ** 31 } }, 'c'],
      ['a size to', { fileSizeBytes: { to: large + 1 } }, 'ca'],
      ['a size from below zero', { fileSizeBytes: { from: -1 } }, 'ca'],
      ['a status and a model', { status: 'COMPLETED', model: 'small' }, 'a'],
      ['a model and a time', { model: 'large-v3', createdAt: { to: minutes(3) } }, 'c'],
      ['a status and a duration', { status: 'COMPLETED', durationSeconds: { from: 11 } }, 'c'],
      [
        'all at once',
        {
          status: 'COMPLETED',
          model: 'large-v3',
          createdAt: { from: minutes(0), to: minutes(9) },
          durationSeconds: { from: 20, to: 21 },
          fileSizeBytes: { from: large, to: large + 1 },
        },
        'c',
      ],
    ])('by %s', async (_name, filter, expected) => {
      expect((await filenames(as, { filter })).join('')).toBe(expected);
    });

    test.each(['\ud800', "'; --", '\u{10FFFF}'])(
      'a model that nothing can have (%j) finds nothing',
      async (model) => {
        expect(await filenames(as, { filter: { model } })).toEqual([]);
      },
    );

    test('a text that PostgreSQL cannot hold is refused', async () => {
      const query = 'query Nul($model: String!) { jobs(filter: { model: $model }) { totalCount } }';
      expect((await as.refusal(query, { model: 'small\0' })).code).toBe('BAD_USER_INPUT');
    });

    test.each(['0000-12-31T23:59:59Z', '9999-12-31T23:59:59-12:00'])(
      'a time that no database holds, %s, is refused',
      async (from) => {
        const query =
          'query From($from: DateTime!) { jobs(filter: { createdAt: { from: $from } }) { totalCount } }';
        expect((await as.refusal(query, { from })).code).toBe('BAD_USER_INPUT');
        const inText = query.replace('($from: DateTime!)', '').replace('$from', `"${from}"`);
        expect((await as.refusal(inText)).code).toBe('BAD_USER_INPUT');
      },
    );

    test('the first and the last times that databases hold are bounds', async () => {
      const createdAt = { from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59.999Z' };
      expect(await filenames(as, { filter: { createdAt } })).toHaveLength(4);
    });
  });

  describe('orderings', () => {
    let as: Client;

    beforeAll(async () => {
      const owner = await api.given.user();
      as = owner.as;
      const values = [
        {},
        {},
        {
          finished_at: minutes(90),
          duration_seconds: 0,
          processing_time_seconds: 0,
          file_size_bytes: 0,
        },
        {
          finished_at: minutes(100),
          duration_seconds: 9.5,
          processing_time_seconds: 9.5,
          file_size_bytes: 9,
        },
        {
          finished_at: minutes(1000),
          duration_seconds: 10,
          processing_time_seconds: 10,
          file_size_bytes: 3_000_000_000,
        },
      ];
      for (const [index, row] of values.entries()) {
        await api.given.job({
          user: owner.user,
          original_filename: 'abcde'.charAt(index),
          created_at: minutes(index),
          ...row,
        });
      }
    });

    // a and b have only the time of their creation.
    test.each(['CREATED_AT', 'FINISHED_AT', 'DURATION', 'PROCESSING_TIME', 'FILE_SIZE'])(
      'by %s, what has no value first or last',
      async (field) => {
        const byField = async (direction?: string) =>
          (await filenames(as, { orderBy: { field, direction } })).join('');
        expect(await byField('ASC')).toBe('abcde');
        expect(await byField('DESC')).toBe('edcba');
        expect(await byField()).toBe('edcba');
      },
    );

    test('the newest come first where nothing else is asked for', async () => {
      expect((await filenames(as)).join('')).toBe('edcba');
    });

    test('an ordering goes with a filter', async () => {
      const filter = { durationSeconds: { to: 10 } };
      const orderBy = { field: 'FINISHED_AT', direction: 'ASC' };
      expect((await filenames(as, { filter, orderBy })).join('')).toBe('cd');
    });
  });

  describe('fields', () => {
    test('a job has all its values', async () => {
      const owner = await api.given.user();
      const job = await api.given.job({
        user: owner.user,
        original_filename: 'Grüße aus Köln 🎙.mp3',
        model: 'large-v3',
        status: 'failed_whisper_error',
        created_at: '2026-01-01T12:00:00.000Z',
        updated_at: '2026-01-01T12:00:00.120Z',
        started_at: '2026-01-01T12:00:00.007Z',
        finished_at: '2026-12-31T23:59:59.999Z',
        processing_time_seconds: 0.1,
        file_size_bytes: 9_007_199_254_740_991,
        duration_seconds: 12345.678,
        priority: 7,
        attempt: 2,
        progress: 0.25,
        error_message: 'out of memory',
      });
      const query = `query Fields($id: ID!) {
        job(id: $id) {
          originalFilename model status createdAt updatedAt startedAt finishedAt
          processingTimeSeconds fileSizeBytes durationSeconds priority attempt progress errorMessage
        }
      }`;
      expect(await owner.as.query(query, { id: job.globalId })).toEqual({
        job: {
          originalFilename: 'Grüße aus Köln 🎙.mp3',
          model: 'large-v3',
          status: 'FAILED_WHISPER_ERROR',
          createdAt: '2026-01-01T12:00:00.000Z',
          updatedAt: '2026-01-01T12:00:00.120Z',
          startedAt: '2026-01-01T12:00:00.007Z',
          finishedAt: '2026-12-31T23:59:59.999Z',
          processingTimeSeconds: 0.1,
          fileSizeBytes: 9_007_199_254_740_991,
          durationSeconds: 12345.678,
          priority: 7,
          attempt: 2,
          progress: 0.25,
          errorMessage: 'out of memory',
        },
      });
    });

    test('what a queued job does not have yet is null', async () => {
      const owner = await api.given.user();
      const job = await api.given.job({ user: owner.user, status: 'queued' });
      const query = `query Nulls($id: ID!) {
        job(id: $id) {
          startedAt finishedAt processingTimeSeconds fileSizeBytes durationSeconds progress
          errorMessage metadata { language } segments { edges { cursor } }
        }
      }`;
      expect(await owner.as.query(query, { id: job.globalId })).toEqual({
        job: {
          startedAt: null,
          finishedAt: null,
          processingTimeSeconds: null,
          fileSizeBytes: null,
          durationSeconds: null,
          progress: null,
          errorMessage: null,
          metadata: null,
          segments: { edges: [] },
        },
      });
    });

    test('a job leads to its user, metadata and segments, and they lead back', async () => {
      const { user, as, id } = await api.given.user();
      const job = await api.given.job({ user });
      await api.given.metadata({ job, keywords: ' budget,, team call ,', tokens: 42, wpm: 99.5 });
      await api.given.segments(job, ['Good morning.', 'Good night.']);
      const query = `query Nested($id: ID!) {
        job(id: $id) {
          user { id username }
          metadata {
            tokens durationSeconds abstract summary keywords language sampleRateHertz
            wordsPerMinute sentiment generatedAt job { id }
          }
          segments {
            edges {
              node {
                position startSeconds endSeconds text speaker averageLogProbability
                noSpeechProbability job { id }
              }
            }
            totalCount
          }
        }
      }`;
      const segment = { speaker: null, averageLogProbability: -0.3, noSpeechProbability: 0.01 };
      expect(await as.query(query, { id: job.globalId })).toEqual({
        job: {
          user: { id, username: user.username },
          metadata: {
            tokens: 42,
            durationSeconds: 60,
            abstract: 'An abstract.',
            summary: 'A summary.',
            keywords: ['budget', 'team call'],
            language: 'en',
            sampleRateHertz: 16_000,
            wordsPerMinute: 99.5,
            sentiment: 0.5,
            generatedAt: minutes(0),
            job: { id: job.globalId },
          },
          segments: {
            edges: [
              { position: 0, startSeconds: 0, endSeconds: 2, text: 'Good morning.' },
              { position: 1, startSeconds: 2, endSeconds: 4, text: 'Good night.' },
            ].map((node) => ({ node: { ...node, ...segment, job: { id: job.globalId } } })),
            totalCount: 2,
          },
        },
      });
    });
  });

  describe('of a user', () => {
    test('the jobs can be filtered and ordered', async () => {
      const { user, as } = await api.given.user();
      const other = await api.given.user();
      await api.given.job({ user: other.user, status: 'failed' });
      await api.given.job({ user, status: 'completed' });
      const long = await api.given.job({ user, status: 'failed', duration_seconds: 20 });
      const short = await api.given.job({ user, status: 'failed', duration_seconds: 10 });
      const query = `{
        viewer {
          jobs(filter: { status: FAILED }, orderBy: { field: DURATION, direction: ASC }) {
            edges { node { id } }
            totalCount
          }
        }
      }`;
      expect(await as.query(query)).toEqual({
        viewer: {
          jobs: {
            edges: [{ node: { id: short.globalId } }, { node: { id: long.globalId } }],
            totalCount: 2,
          },
        },
      });
    });

    test('the jobs are counted by status, in one statement for all users', async () => {
      const administrator = await api.given.administrator();
      const prefix = `counted${administrator.user.id}-`;
      for (const statuses of [['queued', 'failed', 'queued'], ['completed'], []] as const) {
        const { user } = await api.given.user({ username: `${prefix}${statuses.length}` });
        for (const status of statuses) await api.given.job({ user, status });
      }
      api.forgetStatements();
      const { users }: { users: Counted } = await administrator.as.query(
        `query Counts($prefix: String!) {
          users(filter: { usernamePrefix: $prefix }, orderBy: { field: USERNAME }) {
            edges { node { jobCounts { status count } } }
          }
        }`,
        { prefix },
      );
      expect(api.statements.filter(({ sql }) => sql.includes('job_rollups'))).toHaveLength(1);
      const counts = users.edges.map(({ node: { jobCounts } }) =>
        Object.fromEntries(jobCounts.map(({ status, count }) => [status, count])),
      );
      expect(counts).toEqual([{ FAILED: 1, QUEUED: 2 }, { COMPLETED: 1 }, {}]);
    });
  });
});
