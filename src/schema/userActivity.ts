import { findUserActivity, type UserActivityRow } from '../db/statistics.ts';
import { builder } from './builder.ts';
import { connectionComplexity, pageRequestLimit } from './connection.ts';
import { User } from './nodes.ts';
import { periodArguments, periodOf } from './period.ts';
import { ofMillionths } from './totals.ts';

const UserActivity = builder.objectRef<UserActivityRow>('UserActivity').implement({
  description: 'What a user uploaded in a period.',
  fields: (t) => ({
    user: t.field({
      type: User,
      nullable: true,
      description: 'The user.',
      resolve: ({ user_id }, _args, { loaders }) => loaders.userById.load(user_id),
    }),
    createdJobs: t.exposeInt('created', { description: 'How many jobs they uploaded.' }),
    completedJobs: t.exposeInt('completed', { description: 'How many of them are completed.' }),
    failedJobs: t.exposeInt('failed', { description: 'How many of them have failed.' }),
    durationSeconds: t.float({
      description: 'The length of their audio together, in seconds.',
      resolve: ({ duration_micros }) => ofMillionths(duration_micros),
    }),
    lastJobAt: t.expose('last_created_at', {
      type: 'DateTime',
      description: 'When they uploaded the last of them.',
    }),
  }),
});

builder.queryField('userActivity', (t) =>
  t.field({
    type: [UserActivity],
    authScopes: { administrator: true },
    description: 'The users with the most jobs in a period. For administrators.',
    args: {
      ...periodArguments,
      first: t.arg.int({ description: 'So many users, 20 if not given, at most 100.' }),
    },
    complexity: connectionComplexity,
    resolve: (_root, args, { longReads }) =>
      findUserActivity(longReads, periodOf(args), pageRequestLimit(args)),
  }),
);
