import { type KeyFigure, keyFigureNames, keyFigures } from '../perf/keyFigures.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';
import { Performance } from './performance.ts';

const KeyFigureName = builder.enumType('KeyFigureName', {
  description: 'What is measured.',
  values: enumValues(keyFigureNames, {
    mean_query: 'How long a statement takes on average.',
    slow_queries: 'Statements that take longer than the threshold of slow ones.',
    pool_utilization: 'The share of the connections that is in use.',
    query_success: 'The share of the statements that succeed.',
    event_loop_delay: 'How late timers come on average.',
    garbage_collection: 'The share of the time that collecting garbage takes.',
    heap_used: 'The most memory that objects took.',
  }),
});

const KeyFigureType = builder.objectRef<KeyFigure>('KeyFigure').implement({
  description: 'A figure to steer by, beside what it should be.',
  fields: (t) => ({
    name: t.field({
      type: KeyFigureName,
      description: 'What is measured.',
      resolve: ({ name }) => name,
    }),
    measured: t.exposeFloat('measured', {
      nullable: true,
      description: 'In the last hour of this process, in `unit`; null where there was nothing.',
    }),
    target: t.exposeFloat('target', { description: 'What it should be, in `unit`.' }),
    unit: t.exposeString('unit', { description: 'The unit of both.' }),
    isFloor: t.exposeBoolean('isFloor', {
      description: 'Whether the measured figure should be above the target; otherwise below.',
    }),
    isMet: t.exposeBoolean('isMet', {
      nullable: true,
      description: 'Whether it is so; null where there was nothing to measure.',
    }),
  }),
});

builder.objectField(Performance, 'keyFigures', (t) =>
  t.field({
    type: [KeyFigureType],
    description: 'The figures to steer by, each beside its target.',
    complexity: { field: 1, multiplier: keyFigureNames.length },
    resolve: (monitor, _args, { watching, clock }) =>
      keyFigures(monitor.recent, watching.targets, clock()),
  }),
);
