import type { HistoryState } from '../perf/history.ts';
import { builder } from './builder.ts';
import { Performance } from './performance.ts';

const HistoryStateType = builder.objectRef<HistoryState>('PerformanceHistory').implement({
  description: 'Whether what this process counts gets into the database.',
  fields: (t) => ({
    lastFlushAt: t.expose('lastFlushAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its figures were last written; null if never.',
    }),
    failingSince: t.expose('failingSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when the database takes none; null while it does.',
    }),
    failure: t.exposeString('failure', {
      nullable: true,
      description: 'Why, in the words of the database.',
    }),
    pendingEntries: t.exposeInt('pendingEntries', {
      description: 'Figures that wait to be written. They count already, in this process.',
    }),
    lostCalls: t.expose('lostCalls', {
      type: 'SafeInt',
      description:
        'Calls of operations, resolvers, statements and so on whose figures found no room while they waited, since the process started.',
    }),
  }),
});

builder.objectField(Performance, 'history', (t) =>
  t.field({
    type: HistoryStateType,
    description: 'Whether what this process counts gets into the database.',
    resolve: (_monitor, _args, { history }) => history.state(),
  }),
);
