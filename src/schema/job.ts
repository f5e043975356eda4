import type { InputShapeFromFields } from '@pothos/core';
import { type GraphQLResolveInfo, Kind } from 'graphql';
import { userIdInSight, visibleJob } from '../auth/visibility.ts';
import { isIndexed } from '../db/indexed.ts';
import {
  countJobs,
  findJobPage,
  findJobsByIds,
  indexedJobFilters,
  isTranscribed,
  type JobPageRequest,
  type JobRow,
  type JobStatus as JobStatusName,
  jobOrderings,
  jobStatuses,
} from '../db/jobs.ts';
import { emptyPage } from '../db/keyset.ts';
import { segmentOrdering } from '../db/segments.ts';
import { whenThere } from '../db/whenThere.ts';
import { builder } from './builder.ts';
import {
  type ConnectionArguments,
  connectionComplexity,
  connectionOf,
  OrderDirection,
  pageRequest,
} from './connection.ts';
import { enumValues } from './enumValues.ts';
import { JobFailure } from './jobFailure.ts';
import { readAlong, reads, selectedJobs } from './lookAhead.ts';
import { Job, Metadata, Segment, User } from './nodes.ts';
import { DateTimeRange, FloatRange, SafeIntRange, timeRange } from './range.ts';
import { SegmentConnection } from './segment.ts';
import { TranscriptFormat } from './transcriptFormat.ts';

const statusDescriptions: Record<JobStatusName, string> = {
  queued: 'Waits for a worker.',
  processing: 'A worker transcribes it.',
  enriching: 'The transcript is there; its metadata is being made.',
  completed: 'Transcript and metadata are there.',
  failed: 'Failed, for a reason that no other status names.',
  failed_timeout: 'Took longer than it may.',
  failed_launch_error: 'The transcription program could not be started.',
  failed_whisper_error: 'The transcription program reported an error.',
  failed_thread_exception: 'The worker itself failed.',
  failed_unknown: 'Failed, and nothing is known of why.',
  cancelled: 'Given up by its user or an administrator.',
};

export const JobStatus = builder.enumType('JobStatus', {
  description: 'How far a job is, or how it ended.',
  values: enumValues(jobStatuses, statusDescriptions),
});

Job.implement({
  description: 'An audio file to be transcribed, and how far that is.',
  fields: (t) => ({
    originalFilename: t.exposeString('original_filename', {
      description: 'The name of the file when it was uploaded.',
    }),
    model: t.exposeString('model', { description: 'The Whisper model, such as `large-v3`.' }),
    status: t.expose('status', { type: JobStatus, description: 'How far it is, or how it ended.' }),
    createdAt: t.expose('created_at', { type: 'DateTime', description: 'When it was uploaded.' }),
    updatedAt: t.expose('updated_at', {
      type: 'DateTime',
      description: 'When anything of it changed last.',
    }),
    startedAt: t.expose('started_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When a worker began; null before that.',
    }),
    finishedAt: t.expose('finished_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended, well or not; null before that.',
    }),
    processingTimeSeconds: t.exposeFloat('processing_time_seconds', {
      nullable: true,
      description: 'How long the transcription took, in seconds.',
    }),
    fileSizeBytes: t.expose('file_size_bytes', {
      type: 'SafeInt',
      nullable: true,
      description: 'The size of the audio file, in bytes.',
    }),
    durationSeconds: t.exposeFloat('duration_seconds', {
      nullable: true,
      description: 'The length of the audio, in seconds.',
    }),
    priority: t.exposeInt('priority', { description: 'The higher is worked on first.' }),
    attempt: t.exposeInt('attempt', { description: 'How often a worker has taken it.' }),
    maxAttempts: t.exposeInt('max_attempts', {
      description: 'After how many attempts it fails for good.',
    }),
    runAfter: t.expose('run_after', {
      type: 'DateTime',
      nullable: true,
      description: 'No worker gets it before this time; null where nothing holds it back.',
    }),
    progress: t.exposeFloat('progress', {
      nullable: true,
      description: 'How much is transcribed, from 0 to 1; null where nothing was reported.',
    }),
    errorCode: t.expose('error_code', {
      type: JobFailure,
      nullable: true,
      description: 'Why its latest attempt failed; null where none did.',
    }),
    errorMessage: t.exposeString('error_message', {
      nullable: true,
      description: 'Why it failed, in the words of the worker.',
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'Who uploaded the file. Null for workers, who do not see users.',
      extensions: readAlong('user'),
      resolve(job, _args, { loaders, viewer }) {
        // Who sees a job and is a person is its owner or an administrator.
        if (viewer?.kind !== 'user') return null;
        return job.user === undefined ? loaders.userById.load(job.user_id) : job.user;
      },
    }),
    metadata: t.field({
      type: Metadata,
      nullable: true,
      description: 'What was found in the transcript; null until it is there.',
      extensions: readAlong('metadata'),
      resolve: (job, _args, { loaders }) =>
        job.metadata === undefined ? loaders.metadataByJobId.load(job.id) : job.metadata,
    }),
    segments: t.connection(
      {
        type: Segment,
        description: 'The transcript in pieces, in order of time.',
        complexity: connectionComplexity,
        extensions: reads<JobRow>('status'),
        resolve: async (job, args, { loaders }, { fieldNodes }) => {
          const request = loaders.segmentPageByJobId.requestOf(fieldNodes, () =>
            pageRequest(args, segmentOrdering, false),
          );
          // Until the job is done, its segments are what a worker is handing in, or failed to.
          if (!isTranscribed(job)) return connectionOf(emptyPage(), segmentOrdering, async () => 0);
          const page = await loaders.segmentPageByJobId.load({ parent: job.id, request });
          return connectionOf(page, segmentOrdering, () =>
            loaders.segmentCountByJobId.load(job.id),
          );
        },
      },
      SegmentConnection,
    ),
    transcript: t.string({
      nullable: true,
      description: 'The whole transcript as a file would have it; null until there is one.',
      args: {
        format: t.arg({
          type: TranscriptFormat,
          defaultValue: 'text',
          description: 'The kind of file.',
        }),
      },
      // All segments of the job are read, some thousands of them where it is long.
      complexity: 400,
      extensions: reads<JobRow>('status'),
      resolve: (job, { format }, { loaders }) =>
        isTranscribed(job)
          ? loaders.transcriptByJobId.load({ parent: job.id, request: format ?? 'text' })
          : null,
    }),
  }),
});

export const JobFilter = builder.inputType('JobFilter', {
  description: 'Which jobs; all conditions that are given hold together.',
  fields: (t) => ({
    status: t.field({ type: JobStatus, description: 'In this status.' }),
    model: t.string({ description: 'With this Whisper model.' }),
    userId: t.globalID({ for: User, description: 'Uploaded by this user.' }),
    createdAt: t.field({ type: DateTimeRange, description: 'Uploaded in this span of time.' }),
    durationSeconds: t.field({ type: FloatRange, description: 'With audio of this length.' }),
    fileSizeBytes: t.field({ type: SafeIntRange, description: 'With a file of this size.' }),
  }),
});

const JobOrderField = builder.enumType('JobOrderField', {
  description: 'What jobs can be ordered by.',
  values: {
    CREATED_AT: { value: 'created_at', description: 'When they were uploaded.' },
    FINISHED_AT: { value: 'finished_at', description: 'When they ended.' },
    DURATION: { value: 'duration_seconds', description: 'How long the audio is.' },
    PROCESSING_TIME: {
      value: 'processing_time_seconds',
      description: 'How long the transcription took.',
    },
    FILE_SIZE: { value: 'file_size_bytes', description: 'How large the file is.' },
  } as const,
});

const JobOrder = builder.inputType('JobOrder', {
  description: 'The order of jobs. Among equals, the id decides.',
  fields: (t) => ({
    field: t.field({ type: JobOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({
      type: OrderDirection,
      defaultValue: 'descending',
      description: 'Which end comes first.',
    }),
  }),
});

export const JobConnection = builder.connectionObject(
  { type: Job, name: 'JobConnection', description: 'A page of jobs.' },
  { name: 'JobEdge', description: 'A job on a page.' },
);

/** The arguments that every connection of jobs takes. */
export const jobArguments = builder.args((t) => ({
  filter: t.field({ type: JobFilter, description: 'Which jobs; all if not given.' }),
  orderBy: t.field({
    type: JobOrder,
    description: 'Their order; the newest first if not given.',
  }),
}));

/** The filter as the database layer takes it, of the jobs of one user or (null) of anybody. */
export const jobFilter = (
  filter: JobArguments['filter'],
  userId: number | null,
): JobPageRequest['filter'] => ({ ...filter, userId, createdAt: timeRange(filter?.createdAt) });

type JobArguments = ConnectionArguments & InputShapeFromFields<typeof jobArguments>;

/** What the arguments ask for, of the jobs of one user or (null) of anybody. */
export function jobPageRequest(
  args: JobArguments,
  userId: number | null,
  info: GraphQLResolveInfo,
): JobPageRequest {
  const { filter, orderBy } = args;
  const ordering = jobOrderings[orderBy?.field ?? 'created_at'];
  return {
    filter: jobFilter(filter, userId),
    page: pageRequest(args, ordering, orderBy?.direction !== 'ascending'),
    selection: selectedJobs(info, ['edges', 'node']),
  };
}

/** Whether the operation asks for nothing beside this field, so that there is no other key to ask for with it. */
function isAlone({ operation }: GraphQLResolveInfo): boolean {
  const [only, ...others] = operation.selectionSet.selections;
  return only?.kind === Kind.FIELD && others.length === 0;
}

builder.queryFields((t) => ({
  job: t.field({
    type: Job,
    nullable: true,
    authScopes: { reader: true },
    description: 'One job; null where it does not exist for the viewer.',
    args: { id: t.arg.globalID({ for: Job, required: true, description: 'The id of the job.' }) },
    resolve(_root, { id: { id } }, { db, loaders, viewer }, info) {
      const selection = selectedJobs(info, []);
      const found = isAlone(info)
        ? whenThere(findJobsByIds(db, [id], selection), ([job]) => job ?? null)
        : loaders.selectedJobById.load({ id, selection });
      return whenThere(found, (job) => visibleJob(viewer, job));
    },
  }),
  jobs: t.connection(
    {
      type: Job,
      authScopes: { reader: true },
      description: "The viewer's own jobs; everybody's for administrators and workers.",
      args: jobArguments,
      complexity: connectionComplexity,
      resolve(_root, args, { db, longReads, viewer }, info) {
        const userId = userIdInSight(viewer, args.filter?.userId?.id ?? null);
        const request = jobPageRequest(args, userId, info);
        const page = findJobPage(isIndexed(indexedJobFilters, request) ? db : longReads, request);
        return whenThere(page, (found) =>
          connectionOf(found, request.page.ordering, () => countJobs(longReads, request.filter)),
        );
      },
    },
    JobConnection,
  ),
}));
