import { beginningOf, type Window } from '../perf/resolutions.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { findFigures, type MetricFigures, questionOf } from './metricFigures.ts';
import { Performance } from './performance.ts';
import { windowArgument } from './performanceWindow.ts';
import { Timings } from './timings.ts';

const RequestTimings = builder.objectRef<MetricFigures>('RequestTimings').implement({
  description: 'The operations that were answered.',
  interfaces: [Timings],
});

const StatementTimings = builder.objectRef<MetricFigures>('StatementTimings').implement({
  description: 'The SQL statements that were sent.',
  interfaces: [Timings],
  fields: (t) => ({
    rows: t.expose('row_count', { type: 'SafeInt', description: 'Rows returned or changed.' }),
  }),
});

interface Summary {
  since: string;
  requests: MetricFigures;
  statements: MetricFigures;
  slowQueryCount: number;
  slowQueryMs: number;
}

const nothing = (name: string): MetricFigures => ({
  group_id: '',
  name,
  hash: '',
  client: '',
  calls: 0,
  errors: 0,
  row_count: 0,
  hits: 0,
  total_thousandths: 0,
  max_value: 0,
  totalMs: 0,
  maxMs: 0,
  percentiles: async () => ({ p50Ms: 0, p95Ms: 0, p99Ms: 0 }),
});

async function summaryOf(context: Context, window: Window): Promise<Summary> {
  const since = beginningOf(window, context.clock());
  const question = questionOf(context, 'name', { kind: 'total', after: since });
  const totals = await findFigures(context, question);
  const total = (name: string) => totals.find((found) => found.name === name) ?? nothing(name);
  return {
    since: [since, context.history.resetTime].toSorted().at(-1) ?? since,
    requests: total('operation'),
    statements: total('statement'),
    slowQueryCount: total('slowStatement').calls,
    slowQueryMs: context.monitor.slowQueryMs,
  };
}

const PerformanceSummary = builder.objectRef<Summary>('PerformanceSummary').implement({
  description: 'What all processes did in a window of time.',
  fields: (t) => ({
    since: t.expose('since', {
      type: 'DateTime',
      description:
        'What began to be counted before does not count: the beginning of the window and of the step that reaches into it, or when everything began anew.',
    }),
    requests: t.expose('requests', {
      type: RequestTimings,
      description: 'The operations that were answered.',
    }),
    statements: t.expose('statements', {
      type: StatementTimings,
      description: 'The SQL statements that were sent.',
    }),
    slowQueryCount: t.expose('slowQueryCount', {
      type: 'SafeInt',
      description: 'How many statements took longer than the threshold.',
    }),
    slowQueryMs: t.exposeFloat('slowQueryMs', {
      description: 'That threshold of this process, in milliseconds.',
    }),
  }),
});

builder.objectField(Performance, 'summary', (t) =>
  t.field({
    type: PerformanceSummary,
    description: 'All requests and all statements, of all processes.',
    args: windowArgument,
    complexity: 50,
    resolve: (_monitor, { window }, context) => summaryOf(context, window ?? 'hour'),
  }),
);
