import { ApiError } from '../errors.ts';
import { type MetricKind, metricKinds } from '../perf/interval.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';
import { findFigures, type MetricFigures, questionOf } from './metricFigures.ts';
import { Performance } from './performance.ts';
import { Timings } from './timings.ts';

const HOUR_MS = 3_600_000;

/** Enough for a graph as wide as a screen. */
const MAX_POINTS = 1500;

const MetricKindEnum = builder.enumType('MetricKind', {
  description: 'What is measured.',
  values: enumValues(metricKinds, {
    operation: 'Operations, by name or hash.',
    resolver: 'Resolvers, by type and field: the time that a request spent in one at one place.',
    statement: 'SQL statements, by hash or text.',
    loader: 'Batches of loaders, by name.',
    connection: 'Waiting for a connection of the pool: `wait`.',
    blame: 'Time that requests lost while others held the thread, by what held it.',
    gauge:
      'Samples of a state, such as `poolUtilizationPercent`, in the unit that the name ends with.',
    total: 'All together: `operation`, `statement`, `slowStatement`.',
  }),
});

const MetricResolution = builder.enumType('MetricResolution', {
  description:
    'How long the steps of a series are. What is older than two hours is kept in steps of ten minutes, after two days of an hour, after nine days of a day: it stands at the beginning of those.',
  values: {
    MINUTE: { value: 60, description: 'A minute.' },
    TEN_MINUTES: { value: 600, description: 'Ten minutes.' },
    HOUR: { value: 3600, description: 'An hour.' },
    DAY: { value: 86_400, description: 'A day of UTC.' },
  } as const,
});

const MetricPoint = builder.objectRef<MetricFigures>('MetricPoint').implement({
  description:
    'The figures of a step of time. Those of a gauge are in the unit that its name ends with, whatever theirs say.',
  interfaces: [Timings],
  fields: (t) => ({
    at: t.field({
      type: 'DateTime',
      description: 'When the step begins.',
      resolve: ({ group_id }) => new Date(Number(group_id) * 1000).toISOString(),
    }),
    rows: t.expose('row_count', {
      type: 'SafeInt',
      description:
        'Rows of statements, keys of loaders, calls of resolvers, statements of operations.',
    }),
  }),
});

/** The span that is asked for. Throws BAD_USER_INPUT where it is empty or has too many steps. */
function spanOf(from: Date, to: Date, stepSeconds: number): { after: string; until: string } {
  if (from >= to) {
    throw new ApiError(
      'BAD_USER_INPUT',
      `"from" is ${from.toISOString()}, which is not before "to", ${to.toISOString()}.`,
    );
  }
  const points = Math.ceil((to.getTime() - from.getTime()) / 1000 / stepSeconds);
  if (points > MAX_POINTS) {
    throw new ApiError(
      'BAD_USER_INPUT',
      `The series would have ${points} points; the most are ${MAX_POINTS}. Ask for a shorter time or a coarser resolution.`,
    );
  }
  // What is stored began at a millisecond, and the beginning is included.
  return { after: new Date(from.getTime() - 1).toISOString(), until: to.toISOString() };
}

builder.objectField(Performance, 'metrics', (t) =>
  t.field({
    type: [MetricPoint],
    description: 'A series: the figures of one name, step by step. Steps without any are left out.',
    args: {
      kind: t.arg({ type: MetricKindEnum, description: 'What is measured; a gauge if not given.' }),
      name: t.arg.string({ required: true, description: 'Its name or hash.' }),
      from: t.arg({
        type: 'DateTime',
        description: 'The beginning, included; an hour before the end if not given.',
      }),
      to: t.arg({ type: 'DateTime', description: 'The end, included; now if not given.' }),
      resolution: t.arg({
        type: MetricResolution,
        description: 'How long a step is; a minute if not given.',
      }),
    },
    complexity: { field: 50, multiplier: 10 },
    resolve: (_monitor, args, context) => {
      const to = args.to ?? context.clock();
      const from = args.from ?? new Date(to.getTime() - HOUR_MS);
      const stepSeconds = args.resolution ?? 60;
      const question = questionOf(
        context,
        { stepSeconds },
        // The enum's values are the kinds.
        {
          kind: (args.kind ?? 'gauge') as MetricKind,
          name: args.name,
          ...spanOf(from, to, stepSeconds),
        },
      );
      return findFigures(context, question);
    },
  }),
);
