import type { QueueJobRow } from '../db/queue.ts';
import {
  claimNextJob,
  failJob,
  LEASE_SECONDS,
  releaseJob,
  reportProgress,
} from '../jobs/leases.ts';
import { workerOf } from './actor.ts';
import { builder } from './builder.ts';
import { WorkerFailure } from './jobFailure.ts';
import { Job } from './nodes.ts';

const Lease = builder.objectRef<QueueJobRow>('Lease').implement({
  description: 'A job that a worker has for a while.',
  fields: (t) => ({
    job: t.field({ type: Job, description: 'The job.', resolve: (job) => job }),
    attempt: t.exposeInt('attempt', {
      description:
        'The token of the lease, to be sent with all that the worker says of the job. At each claim it is another.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the job is given to another, unless `reportProgress` is called before.',
      resolve: (job) => job.lease_expires_at,
    }),
    deadlineAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the job fails for having taken too long, whatever is reported.',
      resolve: (job) => job.deadline_at,
    }),
    savedFilename: t.exposeString('saved_filename', {
      description: 'The name of the file in the folder of uploads.',
    }),
  }),
});

/** Also for other mutations of workers, which send the same. */
export const leaseArguments = builder.args((t) => ({
  id: t.globalID({ for: Job, required: true, description: 'The id of the job.' }),
  attempt: t.int({ required: true, description: 'The token that the lease came with.' }),
}));

const leaseSecondsArgument = {
  required: true,
  defaultValue: LEASE_SECONDS.default,
  description: `How long the lease is from now, in seconds: ${LEASE_SECONDS.min} to ${LEASE_SECONDS.max}.`,
} as const;

const lost = 'LEASE_LOST, and nothing changed, where the lease is over or another has the job.';

builder.mutationFields((t) => ({
  claimNextJob: t.field({
    type: Lease,
    nullable: true,
    authScopes: { worker: true },
    description:
      'Takes the next job for a worker: users take turns, and of one user the highest priority goes first, then the oldest. Null where nothing waits that it can run. For workers.',
    args: {
      models: t.arg.stringList({
        required: true,
        description: 'The models that the worker can run, 50 at most.',
      }),
      leaseSeconds: t.arg.int(leaseSecondsArgument),
    },
    resolve: (_root, args, context) => claimNextJob(workerOf(context), args),
  }),
  reportProgress: t.field({
    type: Lease,
    authScopes: { worker: true },
    description: `Says that the worker is alive, and how far it is; the lease begins anew. ${lost}`,
    args: {
      ...leaseArguments,
      progress: t.arg.float({
        description: 'How much is transcribed, from 0 to 1; as it was if not given.',
      }),
      leaseSeconds: t.arg.int(leaseSecondsArgument),
    },
    resolve: (_root, { id, attempt, progress, leaseSeconds }, context) =>
      reportProgress(
        workerOf(context),
        { jobId: id.id, attempt },
        { progress: progress ?? null, leaseSeconds },
      ),
  }),
  failJob: t.field({
    type: Job,
    authScopes: { worker: true },
    description: `Ends an attempt that came to nothing. The job is tried again after a while, unless that can't help or it had all its attempts. ${lost}`,
    args: {
      ...leaseArguments,
      code: t.arg({ type: WorkerFailure, required: true, description: 'What is wrong.' }),
      message: t.arg.string({
        required: true,
        description: 'The same for people. It is cut after 10,000 characters.',
      }),
    },
    resolve: (_root, { id, attempt, code, message }, context) =>
      failJob(workerOf(context), { jobId: id.id, attempt }, { code, message }),
  }),
  releaseJob: t.field({
    type: Job,
    authScopes: { worker: true },
    description: `Gives a job back, for another worker to take at once: what a worker does that is told to stop. It costs the job no attempt. ${lost}`,
    args: leaseArguments,
    resolve: (_root, { id, attempt }, context) =>
      releaseJob(workerOf(context), { jobId: id.id, attempt }),
  }),
}));
