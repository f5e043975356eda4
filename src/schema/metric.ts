import { metricKinds } from '../perf/interval.ts';
import type { Metric } from '../perf/monitor.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';
import { Timings } from './timings.ts';

export const MetricKindEnum = builder.enumType('MetricKind', {
  description: 'What is measured.',
  values: enumValues(metricKinds, {
    operation: 'Operations, by name.',
    resolver: 'Resolvers, by type and field: the time that a request spent in one at one place.',
    statement: 'SQL statements, by their text without values.',
    loader: 'Batches of loaders, by name.',
    connection: 'Waiting for a connection of the pool.',
    blame: 'Time that requests lost while others held the thread, by what held it.',
    gauge: 'Samples of a state, such as the use of the pool, in the unit of the name.',
  }),
});

export const MetricType = builder.objectRef<Metric>('Metric').implement({
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
