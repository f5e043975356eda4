import type { AggregateFigures } from '../perf/aggregate.ts';
import type { Summary } from '../perf/monitor.ts';
import { builder } from './builder.ts';
import { Timings } from './timings.ts';

const RequestTimings = builder.objectRef<AggregateFigures>('RequestTimings').implement({
  description: 'The operations that were answered.',
  interfaces: [Timings],
});

const StatementTimings = builder.objectRef<AggregateFigures>('StatementTimings').implement({
  description: 'The SQL statements that were sent.',
  interfaces: [Timings],
  fields: (t) => ({
    rows: t.expose('rows', { type: 'SafeInt', description: 'Rows returned or changed.' }),
  }),
});

export const PerformanceSummary = builder.objectRef<Summary>('PerformanceSummary').implement({
  description: 'What this process did since it started.',
  fields: (t) => ({
    since: t.field({
      type: 'DateTime',
      description: 'When the process started.',
      resolve: ({ since }) => since.toISOString(),
    }),
    requests: t.expose('requests', {
      type: RequestTimings,
      description: 'The operations that were answered.',
    }),
    statements: t.expose('statements', {
      type: StatementTimings,
      description: 'The SQL statements that were sent.',
    }),
    slowQueryCount: t.exposeInt('slowQueryCount', {
      description: 'How many statements took longer than the threshold.',
    }),
    slowQueryMs: t.exposeFloat('slowQueryMs', {
      description: 'That threshold, in milliseconds.',
    }),
  }),
});
