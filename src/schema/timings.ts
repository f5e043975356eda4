import type { Percentiles } from '../perf/aggregate.ts';
import { builder } from './builder.ts';

/** What is counted of a name; its percentiles are looked up only when they are asked for. */
export interface TimedFigures {
  calls: number;
  errors: number;
  totalMs: number;
  maxMs: number;
  percentiles(): Promise<Percentiles>;
}

/** Shared by everything that is counted and timed. */
export const Timings = builder.interfaceRef<TimedFigures>('Timings').implement({
  description:
    'How often something ran, and how long it took. Percentiles are exact to two digits.',
  fields: (t) => ({
    calls: t.expose('calls', { type: 'SafeInt', description: 'How often it ran.' }),
    errors: t.expose('errors', { type: 'SafeInt', description: 'How often it failed.' }),
    totalMs: t.exposeFloat('totalMs', { description: 'All runs together, in milliseconds.' }),
    meanMs: t.float({
      description: 'The mean, in milliseconds.',
      resolve: ({ calls, totalMs }) => (calls === 0 ? 0 : totalMs / calls),
    }),
    p50Ms: t.float({
      description: 'Half took no longer, in milliseconds.',
      resolve: async (figures) => (await figures.percentiles()).p50Ms,
    }),
    p95Ms: t.float({
      description: '95 % took no longer, in milliseconds.',
      resolve: async (figures) => (await figures.percentiles()).p95Ms,
    }),
    p99Ms: t.float({
      description: '99 % took no longer, in milliseconds.',
      resolve: async (figures) => (await figures.percentiles()).p99Ms,
    }),
    maxMs: t.exposeFloat('maxMs', { description: 'The longest, in milliseconds.' }),
  }),
});
