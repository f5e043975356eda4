import type { GaugeName, PoolReading } from '../perf/gauges.ts';
import { builder } from './builder.ts';

export const PoolType = builder.objectRef<PoolReading>('ConnectionPool').implement({
  description: 'The connections of a process to the database.',
  fields: (t) => ({
    used: t.exposeInt('used', { description: 'Connections that run something.' }),
    free: t.exposeInt('free', { description: 'Connections that are open and idle.' }),
    waiting: t.exposeInt('waiting', { description: 'Requests that wait for a connection.' }),
    size: t.exposeInt('size', { description: 'The most connections.' }),
    utilizationPercent: t.float({
      description: 'The share of the most connections that is used, 0 to 100.',
      resolve: ({ used, size }) => (used / size) * 100,
    }),
  }),
});

export const EventLoopType = builder.objectRef<Record<GaugeName, number>>('EventLoop').implement({
  description: 'The thread that serves requests, in the last second.',
  fields: (t) => ({
    delayMs: t.exposeFloat('eventLoopDelayMs', {
      description: 'How late the latest timer came, in milliseconds.',
    }),
    utilizationPercent: t.exposeFloat('eventLoopUtilizationPercent', {
      description: 'The share of the time in which it worked, 0 to 100.',
    }),
    garbageCollectionMs: t.exposeFloat('garbageCollectionMs', {
      description: 'Collecting garbage, in milliseconds.',
    }),
    heapUsedMegabytes: t.exposeFloat('heapUsedMegabytes', {
      description: 'Memory in use by objects, in megabytes.',
    }),
    residentMegabytes: t.exposeFloat('residentMegabytes', {
      description: 'Memory of the process, in megabytes.',
    }),
  }),
});
