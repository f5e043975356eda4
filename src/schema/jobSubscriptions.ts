import { visibleJob } from '../auth/visibility.ts';
import { jobUpdates, userJobUpdates } from '../live/jobUpdates.ts';
import { actorOf } from './actor.ts';
import { builder } from './builder.ts';
import { Job } from './nodes.ts';

builder.subscriptionFields((t) => ({
  jobUpdated: t.field({
    type: Job,
    nullable: true,
    authScopes: { reader: true },
    description:
      'The job as it is now, then whenever it changes; of changes that come faster than they are read, the latest. Ends when the job has ended, and with null where it does not exist for the viewer.',
    args: { id: t.arg.globalID({ for: Job, required: true, description: 'The id of the job.' }) },
    subscribe: (_root, { id }, { jobFeed, viewer }) =>
      jobUpdates(jobFeed, id.id, (job) => visibleJob(viewer, job)),
    resolve: (job) => job,
  }),
  myJobs: t.field({
    type: Job,
    authScopes: { $all: { reader: true, person: true } },
    description:
      "The viewer's own jobs: first those that have not ended or, with `since`, those that changed since then; after that each whenever it changes.",
    args: {
      since: t.arg({
        type: 'DateTime',
        description:
          'For a client that comes back: the `updatedAt` of the last job that it got. Some may come a second time, none is missed.',
      }),
    },
    subscribe: (_root, { since }, context) =>
      userJobUpdates(
        context.db,
        context.jobFeed,
        actorOf(context).viewer.user.id,
        since?.toISOString() ?? null,
      ),
    resolve: (job) => job,
  }),
}));
