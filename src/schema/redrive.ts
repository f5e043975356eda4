import { IllegalStatusChangeError } from '../jobs/jobErrors.ts';
import { REDRIVE_LIMIT, type Redriven, redriveJobs } from '../jobs/redrive.ts';
import { jobOwnerOf } from './actor.ts';
import { builder } from './builder.ts';
import { JobFilter, jobFilter } from './job.ts';

const RedrivenJobs = builder.objectRef<Redriven>('RedrivenJobs').implement({
  description: 'Jobs that went back into the queue.',
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'How many.' }),
    hasMore: t.exposeBoolean('hasMore', {
      description: 'Whether the limit was reached, so that there may be more.',
    }),
  }),
});

builder.mutationField('redriveJobs', (t) =>
  t.field({
    type: RedrivenJobs,
    authScopes: { administrator: true },
    errors: { types: [IllegalStatusChangeError] },
    description:
      'Puts jobs that failed for good back into the queue, as `retryJob` does with one. For administrators.',
    args: {
      filter: t.arg({
        type: JobFilter,
        description: 'Which of the jobs that failed for good; all if not given.',
      }),
      limit: t.arg.int({
        required: true,
        defaultValue: REDRIVE_LIMIT.default,
        description: `How many at most: ${REDRIVE_LIMIT.min} to ${REDRIVE_LIMIT.max}.`,
      }),
    },
    resolve: (_root, { filter, limit }, context) =>
      redriveJobs(
        { ...jobOwnerOf(context), longReads: context.longReads },
        {
          filter: jobFilter(filter, filter?.userId?.id ?? null),
          limit,
        },
      ),
  }),
);
