import type { SlowQuery } from '../perf/monitor.ts';
import { shownValues } from '../perf/shownValues.ts';
import { builder } from './builder.ts';
import { QueryPlanType } from './queryPlan.ts';
import { userIdOf } from './trace.ts';

export const SlowQueryType = builder.objectRef<SlowQuery>('SlowQuery').implement({
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
    hash: t.exposeString('hash', {
      description: 'The fingerprint of the statement: the same whatever its values.',
    }),
    waitedMs: t.exposeFloat('waitedMs', {
      description: 'How long it waited for a connection before that, in milliseconds.',
    }),
    failed: t.exposeBoolean('failed', { description: 'Whether it failed.' }),
    parameters: t.stringList({
      description:
        'What the values were that it was sent with, such as `text of 12 characters`; themselves where `SHOW_BIND_VALUES` is set.',
      resolve: ({ bindings }, _args, { showBindValues }) => shownValues(bindings, showBindValues),
    }),
    plan: t.field({
      type: QueryPlanType,
      nullable: true,
      description:
        'The latest plan of this statement, taken soon after it was slow, at most once in ten minutes. Null until then, and for what writes.',
      resolve: ({ hash }, _args, { planTaker }) => planTaker.planOf(hash),
    }),
    operationName: t.string({
      nullable: true,
      description: 'The operation that sent it; null where no request did.',
      resolve: ({ trace }) => trace?.operationName ?? null,
    }),
    clientName: t.string({
      nullable: true,
      description: 'The client that asked, as it names itself; null where no request did.',
      resolve: ({ trace }) => trace?.client.name ?? null,
    }),
    viewerId: t.id({
      nullable: true,
      description: 'The user who asked; null where that was none.',
      resolve: ({ trace }) => userIdOf(trace),
    }),
    askedBy: t.stringList({
      description: 'The paths of the resolvers that it was sent for.',
      resolve: ({ askers }) => [...askers],
    }),
    loader: t.string({
      nullable: true,
      description: 'The loader that sent it; null where a resolver did itself.',
      resolve: ({ batch }) => batch?.dispatch.loader ?? null,
    }),
    batchSize: t.int({
      nullable: true,
      description: 'How many keys the loader asked for.',
      resolve: ({ batch }) => batch?.keyCount ?? null,
    }),
    requestId: t.string({
      nullable: true,
      description:
        'The request, as the header `X-Request-Id` named it: an argument for `trace`. Null where none sent it.',
      resolve: ({ trace }) => trace?.id ?? null,
    }),
  }),
});
