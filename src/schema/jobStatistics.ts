import { userIdInSight } from '../auth/visibility.ts';
import type { JobStatus as Status } from '../db/jobs.ts';
import {
  findJobGroups,
  findLongestDuration,
  type JobGroupRow,
  type Period,
} from '../db/statistics.ts';
import { builder } from './builder.ts';
import { JobStatus } from './job.ts';
import { User } from './nodes.ts';
import { periodArguments, periodOf } from './period.ts';
import { groupedBy, ofMillionths, ratio, sumOf } from './totals.ts';

type Groups = readonly JobGroupRow[];

interface Statistics {
  period: Period;
  userId: number | null;
  /** The jobs by status and model, and again by status and day. */
  byModel: Groups;
  byDay: Groups;
}

/** Many times faster than the audio plays; only jobs count for which both times are known. */
const speed = (groups: Groups): number | null =>
  ratio(sumOf(groups, 'processed_micros'), sumOf(groups, 'processing_micros'));

const durationSeconds = (groups: Groups): number => ofMillionths(sumOf(groups, 'duration_micros'));

const SPEED = 'Seconds of audio transcribed in a second of work; null where no job tells.';

const StatusTotal = builder.objectRef<{ key: Status; groups: Groups }>('JobStatusTotal').implement({
  description: 'The jobs in a status.',
  fields: (t) => ({
    status: t.field({ type: JobStatus, description: 'The status.', resolve: ({ key }) => key }),
    count: t.int({
      description: 'How many jobs are in it.',
      resolve: ({ groups }) => sumOf(groups, 'count'),
    }),
  }),
});

const ModelTotal = builder.objectRef<{ key: string; groups: Groups }>('JobModelTotal').implement({
  description: 'The jobs of a model.',
  fields: (t) => ({
    model: t.exposeString('key', { description: 'The Whisper model.' }),
    count: t.int({
      description: 'How many jobs it has.',
      resolve: ({ groups }) => sumOf(groups, 'count'),
    }),
    durationSeconds: t.float({
      description: 'The length of their audio together, in seconds.',
      resolve: ({ groups }) => durationSeconds(groups),
    }),
    speed: t.float({
      nullable: true,
      description: SPEED,
      resolve: ({ groups }) => speed(groups),
    }),
  }),
});

const DayTotal = builder.objectRef<{ key: string; groups: Groups }>('JobDayTotal').implement({
  description: 'The jobs that were uploaded on a day.',
  fields: (t) => ({
    day: t.exposeString('key', { description: 'The day in UTC, such as 2026-03-01.' }),
    count: t.int({
      description: 'How many jobs were uploaded.',
      resolve: ({ groups }) => sumOf(groups, 'count'),
    }),
    completed: t.int({
      description: 'How many of them are completed by now.',
      resolve: ({ groups }) =>
        sumOf(
          groups.filter(({ status }) => status === 'completed'),
          'count',
        ),
    }),
    failed: t.int({
      description: 'How many of them have failed, whatever the reason.',
      resolve: ({ groups }) =>
        sumOf(
          groups.filter(({ status }) => status.startsWith('failed')),
          'count',
        ),
    }),
    durationSeconds: t.float({
      description: 'The length of their audio together, in seconds.',
      resolve: ({ groups }) => durationSeconds(groups),
    }),
  }),
});

const JobStatistics = builder.objectRef<Statistics>('JobStatistics').implement({
  description: 'Figures over the jobs that were uploaded in a period.',
  fields: (t) => ({
    count: t.int({
      description: 'How many jobs there are.',
      resolve: ({ byModel }) => sumOf(byModel, 'count'),
    }),
    durationSeconds: t.float({
      description: 'The length of their audio together, in seconds.',
      resolve: ({ byModel }) => durationSeconds(byModel),
    }),
    averageDurationSeconds: t.float({
      nullable: true,
      description: 'The mean length of the audio, in seconds; null where none is known.',
      resolve: ({ byModel }) => ratio(durationSeconds(byModel), sumOf(byModel, 'duration_count')),
    }),
    longestDurationSeconds: t.float({
      nullable: true,
      description: 'The length of the longest audio, in seconds; null where none is known.',
      // Looked up only where it is asked for.
      resolve: ({ period, userId }, _args, { longReads }) =>
        findLongestDuration(longReads, period, userId),
    }),
    averageProcessingTimeSeconds: t.float({
      nullable: true,
      description: 'The mean time of a transcription, in seconds; null where none is known.',
      resolve: ({ byModel }) =>
        ratio(ofMillionths(sumOf(byModel, 'worked_micros')), sumOf(byModel, 'worked_count')),
    }),
    speed: t.float({
      nullable: true,
      description: SPEED,
      resolve: ({ byModel }) => speed(byModel),
    }),
    byStatus: t.field({
      type: [StatusTotal],
      description: 'The same jobs by status, the most frequent first.',
      resolve: ({ byModel }) => groupedBy(byModel, ({ status }) => status),
    }),
    byModel: t.field({
      type: [ModelTotal],
      description: 'The same jobs by model, the most frequent first.',
      resolve: ({ byModel }) => groupedBy(byModel, ({ model }) => model),
    }),
    perDay: t.field({
      type: [DayTotal],
      description: 'The same jobs by day, in order; days without any are left out.',
      resolve: ({ byDay }) =>
        groupedBy(byDay, ({ day }) => day).sort((a, b) => (a.key < b.key ? -1 : 1)),
    }),
  }),
});

builder.queryField('jobStatistics', (t) =>
  t.field({
    type: JobStatistics,
    authScopes: { reader: true },
    description:
      "Figures over the viewer's own jobs; over everybody's for administrators and workers.",
    args: {
      ...periodArguments,
      userId: t.arg.globalID({ for: User, description: 'Only jobs of this user.' }),
    },
    // One statement that reads all days of the period.
    complexity: 500,
    async resolve(_root, args, { longReads, viewer }) {
      const period = periodOf(args);
      const userId = userIdInSight(viewer, args.userId?.id ?? null);
      const groups = await findJobGroups(longReads, period, userId);
      const { byModel = [], byDay = [] } = Object.groupBy(groups, ({ day }) =>
        day === '' ? 'byModel' : 'byDay',
      );
      return { period, userId, byModel, byDay };
    },
  }),
);
