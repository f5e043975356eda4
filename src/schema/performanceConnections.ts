import type { MetricGrouping } from '../db/performanceMetrics.ts';
import { metricOrdering } from '../db/performanceMetrics.ts';
import type { MetricKind } from '../perf/interval.ts';
import { beginningOf, type Window } from '../perf/resolutions.ts';
import { builder } from './builder.ts';
import { type ConnectionArguments, connectionOf, pageRequest } from './connection.ts';
import type { Context } from './context.ts';
import { countFigures, findFiguresPage, type MetricFigures, questionOf } from './metricFigures.ts';
import { Performance } from './performance.ts';
import { windowArgument } from './performanceWindow.ts';
import { Timings } from './timings.ts';

const operationArgument = builder.args((t) => ({
  operation: t.string({ description: 'Only of the operations of this name.' }),
}));

const clientArgument = builder.args((t) => ({
  client: t.string({ description: 'Only of the clients of this name.' }),
}));

const everyArgument = { ...windowArgument, ...operationArgument, ...clientArgument };

interface FigureArguments extends ConnectionArguments {
  window?: Window | null | undefined;
  operation?: string | null | undefined;
  client?: string | null | undefined;
}

/** A page, what took most time in all first. */
async function figuresConnection(
  context: Context,
  kind: MetricKind,
  grouping: MetricGrouping,
  args: FigureArguments,
) {
  const { window, operation, client } = args;
  const page = pageRequest(args, metricOrdering, true);
  const after = beginningOf(window ?? 'hour', context.clock());
  const question = questionOf(context, grouping, { kind, after, operation, client });
  const found = await findFiguresPage(context, question, page);
  return connectionOf(found, metricOrdering, () => countFigures(context, question));
}

/** The rows of the window are added up, however small the page is. */
const figuresComplexity = ({ first, last }: ConnectionArguments) => ({
  field: 50,
  multiplier: Math.max(1, first ?? last ?? 20),
});

const figures = (name: string) => builder.objectRef<MetricFigures>(name);

const OperationFigures = figures('OperationFigures').implement({
  description: 'What the operations of one name and text cost.',
  interfaces: [Timings],
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'The name; `(other)` stands for those that found no room.',
    }),
    hash: t.exposeString('hash', {
      description: 'Of its text without values: the same in every process.',
    }),
    statementCount: t.expose('row_count', {
      type: 'SafeInt',
      description: 'The statements that they sent.',
    }),
  }),
});

const ClientFigures = figures('ClientFigures').implement({
  description: 'What the operations of a client cost.',
  interfaces: [Timings],
  fields: (t) => ({
    name: t.exposeString('client', { description: 'As it names itself; `unknown` if not.' }),
    statementCount: t.expose('row_count', {
      type: 'SafeInt',
      description: 'The statements that they sent.',
    }),
  }),
});

const ResolverFigures = figures('ResolverFigures').implement({
  description:
    'What a resolver cost. All its calls at one place of a request are one: it waits for them together.',
  interfaces: [Timings],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its type and field, such as `Job.user`.' }),
    resolverCalls: t.expose('row_count', {
      type: 'SafeInt',
      description: 'How often it was called within those.',
    }),
  }),
});

const StatementFigures = figures('StatementFigures').implement({
  description: 'What a statement cost.',
  interfaces: [Timings],
  fields: (t) => ({
    statement: t.exposeString('name', { description: 'The SQL, its values replaced by `?`.' }),
    hash: t.exposeString('hash', { description: 'Its fingerprint, whatever its values.' }),
    rows: t.expose('row_count', { type: 'SafeInt', description: 'Rows returned or changed.' }),
  }),
});

const LoaderFigures = figures('LoaderFigures').implement({
  description: 'What the batches of a loader cost: a call is a batch.',
  interfaces: [Timings],
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, such as `userById`.' }),
    keys: t.expose('row_count', { type: 'SafeInt', description: 'The keys in all batches.' }),
    meanBatchSize: t.float({
      description: 'The mean number of keys in a batch.',
      resolve: ({ calls, row_count }) => (calls === 0 ? 0 : row_count / calls),
    }),
    cacheHits: t.expose('hits', {
      type: 'SafeInt',
      description: 'How often a key was asked for that the request had asked for before.',
    }),
  }),
});

builder.objectFields(Performance, (t) => ({
  operations: t.connection(
    {
      type: OperationFigures,
      description: 'Operations by name and text, what took most time in all first.',
      args: everyArgument,
      complexity: figuresComplexity,
      resolve: (_monitor, args, context) => figuresConnection(context, 'operation', 'name', args),
    },
    { name: 'OperationFiguresConnection', description: 'A page of operations.' },
    { name: 'OperationFiguresEdge', description: 'An operation on a page.' },
  ),
  clients: t.connection(
    {
      type: ClientFigures,
      description: 'Clients, by the time of their operations together.',
      args: everyArgument,
      complexity: figuresComplexity,
      resolve: (_monitor, args, context) => figuresConnection(context, 'operation', 'client', args),
    },
    { name: 'ClientFiguresConnection', description: 'A page of clients.' },
    { name: 'ClientFiguresEdge', description: 'A client on a page.' },
  ),
  resolvers: t.connection(
    {
      type: ResolverFigures,
      description: 'Resolvers, what took most time in all first.',
      args: everyArgument,
      complexity: figuresComplexity,
      resolve: (_monitor, args, context) => figuresConnection(context, 'resolver', 'name', args),
    },
    { name: 'ResolverFiguresConnection', description: 'A page of resolvers.' },
    { name: 'ResolverFiguresEdge', description: 'A resolver on a page.' },
  ),
  statements: t.connection(
    {
      type: StatementFigures,
      description: 'SQL statements by fingerprint, what took most time in all first.',
      args: everyArgument,
      complexity: figuresComplexity,
      resolve: (_monitor, args, context) => figuresConnection(context, 'statement', 'name', args),
    },
    { name: 'StatementFiguresConnection', description: 'A page of statements.' },
    { name: 'StatementFiguresEdge', description: 'A statement on a page.' },
  ),
  loaders: t.connection(
    {
      type: LoaderFigures,
      description: 'Loaders, what took most time in all first.',
      args: everyArgument,
      complexity: figuresComplexity,
      resolve: (_monitor, args, context) => figuresConnection(context, 'loader', 'name', args),
    },
    { name: 'LoaderFiguresConnection', description: 'A page of loaders.' },
    { name: 'LoaderFiguresEdge', description: 'A loader on a page.' },
  ),
}));
