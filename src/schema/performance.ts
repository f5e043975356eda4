import { readPool } from '../db/pool.ts';
import type { Monitor } from '../perf/monitor.ts';
import { builder } from './builder.ts';
import { connectionComplexity, pageRequestLimit } from './connection.ts';
import { EventLoopType, PoolType } from './gauges.ts';
import { SlowQueryType } from './slowQuery.ts';
import { KeptTraceType } from './trace.ts';

const sizeArgument = (what: string) =>
  builder.args((t) => ({
    first: t.int({ description: `So many ${what}, 20 if not given, at most 100.` }),
  }));

export const Performance = builder.objectRef<Monitor>('Performance').implement({
  description:
    'What requests cost, and why. Operations that ask for it are counted like all others; the statements that read and write the history are not.',
  fields: (t) => ({
    slowQueries: t.field({
      type: [SlowQueryType],
      description: 'The latest statements over the threshold, the slowest first.',
      args: sizeArgument('statements'),
      complexity: connectionComplexity,
      resolve: (monitor, args) => monitor.slowQueries(pageRequestLimit(args)),
    }),
    traces: t.field({
      type: [KeptTraceType],
      description: 'The latest requests that are kept whole: slow, failed and sampled ones.',
      args: sizeArgument('requests'),
      complexity: connectionComplexity,
      resolve: (monitor, args) => monitor.traces().slice(0, pageRequestLimit(args)),
    }),
    trace: t.field({
      type: KeptTraceType,
      nullable: true,
      description: 'A request, while it is kept whole.',
      args: {
        id: t.arg.string({
          required: true,
          description: 'The id of the request: its header `X-Request-Id`.',
        }),
      },
      resolve: (monitor, { id }) => monitor.trace(id),
    }),
    pool: t.field({
      type: PoolType,
      description: 'The connections of this process to the database.',
      resolve: (_monitor, _args, { db }) => readPool(db),
    }),
    eventLoop: t.field({
      type: EventLoopType,
      description: 'The thread of this process, in the last second.',
      resolve: (_monitor, _args, { gauges }) => gauges.latest(),
    }),
  }),
});

builder.queryField('performance', (t) =>
  t.field({
    type: Performance,
    authScopes: { administrator: true },
    description: 'What requests cost, and why. For administrators.',
    resolve: (_root, _args, { monitor }) => monitor,
  }),
);
