import { beforeAll, describe, expect, test } from 'vitest';
import type { UserRow } from '../src/db/users.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const PERIOD = '$from: DateTime, $to: DateTime';

const JOBS = `query Jobs(${PERIOD}, $userId: ID) {
  jobStatistics(from: $from, to: $to, userId: $userId) {
    count durationSeconds averageDurationSeconds longestDurationSeconds
    averageProcessingTimeSeconds speed
    byStatus { status count }
    byModel { model count durationSeconds speed }
    perDay { day count completed failed durationSeconds }
  }
}`;
const COUNT = `query Count(${PERIOD}, $userId: ID) {
  jobStatistics(from: $from, to: $to, userId: $userId) { count }
}`;
const METADATA = `query Metadata(${PERIOD}, $userId: ID) {
  metadataAnalytics(from: $from, to: $to, userId: $userId) {
    count tokens durationSeconds wordsPerMinute
    languages { language count durationSeconds wordsPerMinute }
    durations { from to count }
    tokenCounts { from to count }
  }
}`;
const ACTIVITY = `query Activity(${PERIOD}, $first: Int) {
  userActivity(from: $from, to: $to, first: $first) {
    user { id } createdJobs completedJobs failedJobs durationSeconds lastJobAt
  }
}`;
const EVENTS = `query Events(${PERIOD}, $first: Int) {
  securityEvents(from: $from, to: $to, first: $first) {
    eventType severity clientIp count userCount firstAt lastAt
  }
}`;

/** Seven days. */
const week = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-08T00:00:00.000Z' };

describe.each(databases)('statistics on $name', (kind) => {
  const api = useApi(kind);

  describe('of jobs', () => {
    let as: Client;
    let id: string;

    beforeAll(async () => {
      const owner = await api.given.user();
      as = owner.as;
      id = owner.id;
      const small = { user: owner.user, model: 'small' };
      const large = { user: owner.user, model: 'large-v3' };
      for (const job of [
        { ...small, created_at: week.from, duration_seconds: 60, processing_time_seconds: 30 },
        {
          ...small,
          created_at: '2026-01-01T23:59:59.999Z',
          duration_seconds: 120,
          processing_time_seconds: 20,
        },
        {
          ...large,
          created_at: '2026-01-02T00:00:00.000Z',
          duration_seconds: 600,
          processing_time_seconds: 100,
        },
        {
          ...large,
          created_at: '2026-01-03T12:00:00.000Z',
          status: 'failed_timeout' as const,
          duration_seconds: 100.5,
        },
        { ...small, created_at: '2026-01-03T12:00:00.000Z', status: 'queued' as const },
        {
          ...small,
          created_at: '2026-01-07T23:59:59.999Z',
          status: 'failed' as const,
          processing_time_seconds: 7,
        },
        // Just outside.
        { ...small, created_at: '2025-12-31T23:59:59.999Z', duration_seconds: 1000 },
        { ...small, created_at: week.to, duration_seconds: 1000 },
      ]) {
        await api.given.job(job);
      }
    });

    test('have every figure over the period, in one statement and one for the longest job', async () => {
      await as.query('{ viewer { id } }');
      api.forgetStatements();
      const answer = await as.query(JOBS, week);
      expect(api.statements).toHaveLength(2);
      expect(answer).toEqual({
        jobStatistics: {
          count: 6,
          durationSeconds: 880.5,
          averageDurationSeconds: 880.5 / 4,
          longestDurationSeconds: 600,
          averageProcessingTimeSeconds: (30 + 20 + 100 + 7) / 4,
          speed: (60 + 120 + 600) / (30 + 20 + 100),
          byStatus: [
            { status: 'COMPLETED', count: 3 },
            { status: 'FAILED', count: 1 },
            { status: 'FAILED_TIMEOUT', count: 1 },
            { status: 'QUEUED', count: 1 },
          ],
          byModel: [
            { model: 'small', count: 4, durationSeconds: 180, speed: 3.6 },
            { model: 'large-v3', count: 2, durationSeconds: 700.5, speed: 6 },
          ],
          perDay: [
            { day: '2026-01-01', count: 2, completed: 2, failed: 0, durationSeconds: 180 },
            { day: '2026-01-02', count: 1, completed: 1, failed: 0, durationSeconds: 600 },
            { day: '2026-01-03', count: 2, completed: 0, failed: 1, durationSeconds: 100.5 },
            { day: '2026-01-07', count: 1, completed: 0, failed: 1, durationSeconds: 0 },
          ],
        },
      });
    });

    test('are nothing over a period without jobs', async () => {
      const from = '2001-01-01T00:00:00Z';
      expect(await as.query(JOBS, { from, to: '2001-01-02T00:00:00Z' })).toEqual({
        jobStatistics: {
          count: 0,
          durationSeconds: 0,
          averageDurationSeconds: null,
          longestDurationSeconds: null,
          averageProcessingTimeSeconds: null,
          speed: null,
          byStatus: [],
          byModel: [],
          perDay: [],
        },
      });
    });

    test('have no speed where the work took no time that was measured', async () => {
      const { user, as: other } = await api.given.user();
      const at = { user, created_at: week.from };
      await api.given.job({ ...at, duration_seconds: 60, processing_time_seconds: 0 });
      await api.given.job({ ...at, processing_time_seconds: 9 });
      await api.given.job({ ...at, duration_seconds: 60 });
      expect(await other.query(JOBS, week)).toMatchObject({
        jobStatistics: { speed: null, averageProcessingTimeSeconds: 4.5 },
      });
    });

    test('are over the last thirty days where no period is given', async () => {
      const { user, as: other } = await api.given.user();
      const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
      for (const days of [0.01, 29.9, 30.1]) {
        await api.given.job({ user, created_at: daysAgo(days) });
      }
      expect(await other.query(COUNT)).toEqual({ jobStatistics: { count: 2 } });
      expect(await other.query(COUNT, { to: daysAgo(1) })).toEqual({ jobStatistics: { count: 2 } });
    });

    test("are over the own jobs, or over anybody's for administrators and workers", async () => {
      const other = await api.given.user();
      const administrator = await api.given.administrator();
      const worker = await api.given.worker();
      const count = async (client: Client, args: object = {}) => {
        const { jobStatistics }: { jobStatistics: { count: number } } = await client.query(COUNT, {
          ...week,
          ...args,
        });
        return jobStatistics.count;
      };
      expect(await count(as, { userId: id })).toBe(6);
      expect(await count(other.as)).toBe(0);
      expect(await count(other.as, { userId: id })).toBe(0);
      for (const { as: all } of [administrator, worker]) {
        expect(await count(all, { userId: id })).toBe(6);
        expect(await count(all, { userId: other.id })).toBe(0);
        expect(await count(all)).toBeGreaterThanOrEqual(6);
      }
    });
  });

  describe('of metadata', () => {
    let as: Client;
    let id: string;

    beforeAll(async () => {
      const owner = await api.given.user();
      as = owner.as;
      id = owner.id;
      for (const columns of [
        { language: 'en', duration: 59.5, tokens: 99, wpm: 100 },
        { language: 'en', duration: 60, tokens: 100, wpm: 120 },
        { language: null, duration: null, tokens: null, wpm: 140 },
        { language: 'de', duration: 3600, tokens: 2_000_000_000, wpm: null },
        { language: 'cs', duration: 899.999, tokens: 2_000_000_000, wpm: null },
        // Just outside.
        { generated_at: week.to },
        { generated_at: '2025-12-31T23:59:59.999Z' },
      ]) {
        const job = await api.given.job({ user: owner.user });
        await api.given.metadata({ job, generated_at: week.from, ...columns });
      }
    });

    test('have languages and distributions, in one statement', async () => {
      await as.query('{ viewer { id } }');
      api.forgetStatements();
      const answer = await as.query(METADATA, week);
      expect(api.statements).toHaveLength(1);
      expect(answer).toEqual({
        metadataAnalytics: {
          count: 5,
          tokens: 4_000_000_199,
          durationSeconds: 59.5 + 60 + 3600 + 899.999,
          wordsPerMinute: 120,
          languages: [
            { language: 'en', count: 2, durationSeconds: 119.5, wordsPerMinute: 110 },
            { language: 'cs', count: 1, durationSeconds: 899.999, wordsPerMinute: null },
            { language: 'de', count: 1, durationSeconds: 3600, wordsPerMinute: null },
            { language: null, count: 1, durationSeconds: 0, wordsPerMinute: 140 },
          ],
          durations: [
            { from: 0, to: 60, count: 1 },
            { from: 60, to: 300, count: 1 },
            { from: 300, to: 900, count: 1 },
            { from: 900, to: 3600, count: 0 },
            { from: 3600, to: null, count: 1 },
          ],
          tokenCounts: [
            { from: 0, to: 100, count: 1 },
            { from: 100, to: 500, count: 1 },
            { from: 500, to: 2000, count: 0 },
            { from: 2000, to: 10_000, count: 0 },
            { from: 10_000, to: null, count: 2 },
          ],
        },
      });
    });

    test('are nothing over a period without any', async () => {
      const from = '2001-01-01T00:00:00Z';
      expect(await as.query(METADATA, { from, to: '2001-01-02T00:00:00Z' })).toMatchObject({
        metadataAnalytics: {
          count: 0,
          tokens: 0,
          durationSeconds: 0,
          wordsPerMinute: null,
          languages: [],
          durations: Array(5).fill({ count: 0 }),
        },
      });
    });

    test('are over the own transcripts alone', async () => {
      const other = await api.given.user();
      const administrator = await api.given.administrator();
      const args = { ...week, userId: id };
      const nothing = { metadataAnalytics: { count: 0 } };
      expect(await other.as.query(METADATA, week)).toMatchObject(nothing);
      expect(await other.as.query(METADATA, args)).toMatchObject(nothing);
      expect(await administrator.as.query(METADATA, args)).toMatchObject({
        metadataAnalytics: { count: 5 },
      });
    });
  });

  describe('of the activity of users', () => {
    const period = { from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' };

    test('has who uploaded most, and how that went, in two statements', async () => {
      const { as } = await api.given.administrator();
      const little = await api.given.user();
      const much = await api.given.user();
      const job = (user: UserRow, hour: string, columns: object = {}) =>
        api.given.job({ user, created_at: `2020-01-01T${hour}:00:00.000Z`, ...columns });
      await job(little.user, '00', { status: 'queued' });
      await job(much.user, '05', { duration_seconds: 10 });
      await job(much.user, '23', { duration_seconds: 20.5 });
      await job(much.user, '07', { status: 'failed_launch_error' });
      await api.given.job({ user: little.user, created_at: period.to });
      const most = {
        user: { id: much.id },
        createdJobs: 3,
        completedJobs: 2,
        failedJobs: 1,
        durationSeconds: 30.5,
        lastJobAt: '2020-01-01T23:00:00.000Z',
      };
      api.forgetStatements();
      expect(await as.query(ACTIVITY, period)).toEqual({
        userActivity: [
          most,
          {
            user: { id: little.id },
            createdJobs: 1,
            completedJobs: 0,
            failedJobs: 0,
            durationSeconds: 0,
            lastJobAt: '2020-01-01T00:00:00.000Z',
          },
        ],
      });
      // And one for the viewer.
      expect(api.statements).toHaveLength(3);
      expect(await as.query(ACTIVITY, { ...period, first: 1 })).toEqual({ userActivity: [most] });
      expect(await as.query(ACTIVITY, { ...period, first: 0 })).toEqual({ userActivity: [] });
    });
  });

  describe('of security events', () => {
    const at = (day: number) => `2021-01-0${day}T00:00:00.000Z`;
    const period = { from: at(1), to: at(9) };

    test('has what was refused or alarming by kind and address, the most frequent first', async () => {
      const { as } = await api.given.administrator();
      const refused = { event_type: 'login_refused', severity: 'warning' as const };
      const critical = { event_type: 'role_changed', severity: 'critical' as const };
      for (const entry of [
        { ...refused, timestamp: at(3), user_id: 1 },
        { ...refused, timestamp: at(1), user_id: 2 },
        { ...refused, timestamp: at(2), user_id: 1 },
        { ...refused, timestamp: at(4), user_id: null, client_ip: '198.51.100.7' },
        { ...critical, timestamp: at(5), user_id: 1, client_ip: '198.51.100.7' },
        { ...critical, timestamp: at(5), user_id: 1, client_ip: null },
        { timestamp: at(2), event_type: 'login_succeeded' },
        { ...refused, timestamp: at(9) },
      ]) {
        await api.given.auditLog(entry);
      }
      const role = {
        eventType: 'role_changed',
        severity: 'CRITICAL',
        count: 1,
        userCount: 1,
        firstAt: at(5),
        lastAt: at(5),
      };
      const login = { eventType: 'login_refused', severity: 'WARNING' };
      const most = {
        ...login,
        clientIp: '192.0.2.1',
        count: 3,
        userCount: 2,
        firstAt: at(1),
        lastAt: at(3),
      };
      expect(await as.query(EVENTS, period)).toEqual({
        securityEvents: [
          most,
          { ...role, clientIp: null },
          { ...role, clientIp: '198.51.100.7' },
          {
            ...login,
            clientIp: '198.51.100.7',
            count: 1,
            userCount: 0,
            firstAt: at(4),
            lastAt: at(4),
          },
        ],
      });
      expect(await as.query(EVENTS, { ...period, first: 1 })).toEqual({ securityEvents: [most] });
    });
  });

  describe.each([
    ['jobStatistics', JOBS, false],
    ['metadataAnalytics', METADATA, false],
    ['userActivity', ACTIVITY, true],
    ['securityEvents', EVENTS, true],
  ])('%s', (_name, query, forAdministrators) => {
    test.each([
      [week.from, week.from, `"from" is ${week.from}, which is not before "to", ${week.from}.`],
      [week.to, week.from, `"from" is ${week.to}, which is not before "to", ${week.from}.`],
      [week.from, '2027-01-02T00:00:00.001Z', 'The period has 367 days; the most are 366.'],
    ])('refuses the period from %s to %s', async (from, to, message) => {
      const { as } = await api.given.administrator();
      expect(await as.refusal(query, { from, to })).toMatchObject({
        code: 'BAD_USER_INPUT',
        message,
      });
    });

    test('takes a year, and the earliest time that there is', async () => {
      const { as } = await api.given.administrator();
      await as.query(query, { from: week.from, to: '2027-01-02T00:00:00.000Z' });
      await as.query(query, { to: '0001-01-02T00:00:00Z' });
    });

    test(`is ${forAdministrators ? 'for administrators alone' : 'for whoever is logged in'}`, async () => {
      expect((await api.client.refusal(query)).code).toBe('UNAUTHENTICATED');
      for (const { as } of [await api.given.user(), await api.given.worker()]) {
        const codes = (await as.send(query)).errors.map(({ extensions }) => extensions.code);
        expect(codes).toEqual(forAdministrators ? ['FORBIDDEN'] : []);
      }
    });
  });

  test.each([ACTIVITY, EVENTS])('a list of a bad length is refused', async (query) => {
    const { as } = await api.given.administrator();
    for (const first of [101, -1]) {
      expect(await as.refusal(query, { first })).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining(`"first" is ${first}`),
      });
    }
  });
});
