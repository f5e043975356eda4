import { userIdInSight } from '../auth/visibility.ts';
import type { JobStatus as Status } from '../db/jobs.ts';
import { findJobGroups, type JobGroupRow } from '../db/statistics.ts';
import { builder } from './builder.ts';
import { JobStatus } from './job.ts';
import { User } from './nodes.ts';
import { periodArguments, periodOf } from './period.ts';
import { groupedBy, ratio, sumOf } from './totals.ts';

type Groups = readonly JobGroupRow[];

/** Many times faster than the audio plays; only jobs count for which both times are known. */
const speed = (groups: Groups): number | null =>
  ratio(sumOf(groups, 'processed_seconds'), sumOf(groups, 'processing_seconds'));

const averageDuration = (groups: Groups): number | null =>
  ratio(sumOf(groups, 'duration_seconds'), sumOf(groups, 'duration_count'));

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
      resolve: ({ groups }) => sumOf(groups, 'duration_seconds'),
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
      resolve: ({ groups }) => sumOf(groups, 'duration_seconds'),
    }),
  }),
});

const JobStatistics = builder.objectRef<Groups>('JobStatistics').implement({
  description: 'Figures over the jobs that were uploaded in a period.',
  fields: (t) => ({
    count: t.int({
      description: 'How many jobs there are.',
      resolve: (groups) => sumOf(groups, 'count'),
    }),
    durationSeconds: t.float({
      description: 'The length of their audio together, in seconds.',
      resolve: (groups) => sumOf(groups, 'duration_seconds'),
    }),
    averageDurationSeconds: t.float({
      nullable: true,
      description: 'The mean length of the audio, in seconds; null where none is known.',
      resolve: averageDuration,
    }),
    longestDurationSeconds: t.float({
      nullable: true,
      description: 'The length of the longest audio, in seconds; null where none is known.',
      resolve: (groups) =>
        sumOf(groups, 'duration_count') === 0
          ? null
          : Math.max(...groups.map((group) => group.longest_seconds)),
    }),
    averageProcessingTimeSeconds: t.float({
      nullable: true,
      description: 'The mean time of a transcription, in seconds; null where none is known.',
      resolve: (groups) => ratio(sumOf(groups, 'worked_seconds'), sumOf(groups, 'worked_count')),
    }),
    speed: t.float({ nullable: true, description: SPEED, resolve: speed }),
    byStatus: t.field({
      type: [StatusTotal],
      description: 'The same jobs by status, the most frequent first.',
      resolve: (groups) => groupedBy(groups, ({ status }) => status),
    }),
    byModel: t.field({
      type: [ModelTotal],
      description: 'The same jobs by model, the most frequent first.',
      resolve: (groups) => groupedBy(groups, ({ model }) => model),
    }),
    perDay: t.field({
      type: [DayTotal],
      description: 'The same jobs by day, in order; days without any are left out.',
      resolve: (groups) =>
        groupedBy(groups, ({ day }) => day).sort((a, b) => (a.key < b.key ? -1 : 1)),
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
    // One statement that reads all jobs of the period.
    complexity: 500,
    resolve: (_root, args, { longReads, viewer }) =>
      findJobGroups(longReads, periodOf(args), userIdInSight(viewer, args.userId?.id ?? null)),
  }),
);
