import type { AggregateFigures } from '../perf/aggregate.ts';
import { builder } from './builder.ts';

/** Shared by everything that is counted and timed. */
export const Timings = builder.interfaceRef<AggregateFigures>('Timings').implement({
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
