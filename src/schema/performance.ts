import type { AggregateFigures } from '../perf/aggregate.ts';
import {
  type Metric,
  type MetricKind,
  type Monitor,
  metricKinds,
  type SlowQuery,
  type Summary,
} from '../perf/monitor.ts';
import { builder } from './builder.ts';
import { connectionComplexity, pageRequestLimit } from './connection.ts';
import { enumValues } from './enumValues.ts';

const Timings = builder.interfaceRef<AggregateFigures>('Timings').implement({
  description:
    'How often something ran, and how long it took. Percentiles are exact to two digits.',
  fields: (t) => ({
    calls: t.exposeInt('calls', { description: 'How often it ran.' }),
    errors: t.exposeInt('errors', { description: 'How often it failed.' }),
    totalMs: t.exposeFloat('totalMs', { description: 'All runs together, in milliseconds.' }),
    meanMs: t.exposeFloat('meanMs', { description: 'The mean, in milliseconds.' }),
    p50Ms: t.exposeFloat('p50Ms', { description: 'Half took no longer, in milliseconds.' }),
    p95Ms: t.exposeFloat('p95Ms', { description: '95 % took no longer, in milliseconds.' }),
    p99Ms: t.exposeFloat('p99Ms', { description: '99 % took no longer, in milliseconds.' }),
    maxMs: t.exposeFloat('maxMs', { description: 'The longest, in milliseconds.' }),
  }),
});

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

const PerformanceSummary = builder.objectRef<Summary>('PerformanceSummary').implement({
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

const SlowQueryType = builder.objectRef<SlowQuery>('SlowQuery').implement({
  description: 'A statement that took longer than the threshold.',
  fields: (t) => ({
    at: t.field({
      type: 'DateTime',
      description: 'When it ended.',
      resolve: ({ at }) => at.toISOString(),
    }),
    statement: t.exposeString('text', { description: 'The SQL, its values replaced by `?`.' }),
    durationMs: t.exposeFloat('durationMs', { description: 'How long it took, in milliseconds.' }),
    rowCount: t.exposeInt('rowCount', { description: 'Rows returned or changed.' }),
    operationName: t.exposeString('operationName', {
      nullable: true,
      description: 'The operation that sent it; null where no request did.',
    }),
    loader: t.string({
      nullable: true,
      description: 'The loader that sent it; null where a resolver did itself.',
      resolve: ({ batch }) => batch?.loader ?? null,
    }),
    batchSize: t.int({
      nullable: true,
      description: 'How many keys the loader asked for.',
      resolve: ({ batch }) => batch?.keyCount ?? null,
    }),
    requestId: t.exposeString('traceId', {
      nullable: true,
      description: 'The request, as the header `X-Request-Id` named it.',
    }),
  }),
});

const MetricKindEnum = builder.enumType('MetricKind', {
  description: 'What is measured.',
  values: enumValues(metricKinds, {
    operation: 'Operations, by name.',
    resolver: 'Resolvers, by type and field: the time that a request spent in one at one place.',
    statement: 'SQL statements, by their text without values.',
    loader: 'Batches of loaders, by name.',
  }),
});

const MetricType = builder.objectRef<Metric>('Metric').implement({
  description: 'The figures of one name.',
  interfaces: [Timings],
  fields: (t) => ({
    kind: t.expose('kind', { type: MetricKindEnum, description: 'What is measured.' }),
    name: t.exposeString('name', { description: 'The name.' }),
    rows: t.expose('rows', {
      type: 'SafeInt',
      description:
        'Rows of statements, keys of loaders, calls of resolvers within their requests; 0 for operations.',
    }),
  }),
});

const sizeArgument = (what: string) =>
  builder.args((t) => ({
    first: t.int({ description: `So many ${what}, 20 if not given, at most 100.` }),
  }));

export const Performance = builder.objectRef<Monitor>('Performance').implement({
  description: 'What requests cost, and why, as this process measured it.',
  fields: (t) => ({
    summary: t.field({
      type: PerformanceSummary,
      description: 'All requests and statements together.',
      resolve: (monitor) => monitor.summary(),
    }),
    slowQueries: t.field({
      type: [SlowQueryType],
      description: 'The latest statements over the threshold, the slowest first.',
      args: sizeArgument('statements'),
      complexity: connectionComplexity,
      resolve: (monitor, args) => monitor.slowQueries(pageRequestLimit(args)),
    }),
    metrics: t.field({
      type: [MetricType],
      description: 'The figures of each name, what took most time in all first.',
      args: {
        ...sizeArgument('names'),
        kind: t.arg({
          type: MetricKindEnum,
          required: true,
          description: 'What is measured.',
        }),
      },
      complexity: connectionComplexity,
      resolve: (monitor, args) =>
        // The enum's values are the kinds.
        monitor.metrics(args.kind as MetricKind, pageRequestLimit(args)),
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
