import { resetPerformance } from '../auth/performanceReset.ts';
import { actorOf } from './actor.ts';
import { builder } from './builder.ts';

builder.mutationField('resetPerformance', (t) =>
  t.field({
    type: 'DateTime',
    authScopes: { administrator: true },
    description:
      'Lets the monitor begin anew, and gives the time from which on it counts. What it knew is deleted in the background. Other processes notice when they next write their figures, within a minute. For administrators.',
    resolve: async (_root, _args, context) => {
      const time = await resetPerformance(actorOf(context), context.clock());
      context.history.reset(time);
      return time.toISOString();
    },
  }),
);
