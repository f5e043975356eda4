import {
  analyzeTables,
  MaintenanceFailedError,
  reindex,
  type Termination,
  terminateQuery,
  terminations,
} from '../administration/maintenance.ts';
import { actorOf } from './actor.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { DatabaseSession } from './databaseActivity.ts';
import { enumValues } from './enumValues.ts';

const maintainerOf = (context: Context) => ({
  ...actorOf(context),
  background: context.background,
});

const TerminationEnum = builder.enumType('Termination', {
  description: 'How to stop a query.',
  values: enumValues(terminations, {
    cancel: 'Its statement is given up; the session goes on.',
    terminate: 'The session is ended, and its transaction undone.',
  }),
});

builder.mutationFields((t) => ({
  analyzeTables: t.stringList({
    authScopes: { administrator: true },
    errors: { types: [MaintenanceFailedError] },
    description:
      'Lets the planner know how many rows tables have and what is in them (ANALYZE). Answers with their names when it is done. Readers go on; on SQLite nobody can write meanwhile, so it looks at some rows of each index only, and other processes notice when they start anew. For administrators; each table is in the audit log before it begins.',
    args: {
      tables: t.arg.stringList({ description: 'The names of tables; all if not given.' }),
    },
    resolve: (_root, { tables }, context) => analyzeTables(maintainerOf(context), tables ?? null),
  }),
  reindex: t.string({
    authScopes: { administrator: true },
    errors: { types: [MaintenanceFailedError] },
    description:
      'Builds an index anew (REINDEX). Answers with its name when it is done. On PostgreSQL readers and writers go on (CONCURRENTLY); cut off, it leaves an invalid index behind that `performance.indexes` shows. On SQLite nobody can write meanwhile. For administrators; it is in the audit log before it begins.',
    args: { index: t.arg.string({ required: true, description: 'The name of the index.' }) },
    resolve: (_root, { index }, context) => reindex(maintainerOf(context), index),
  }),
  terminateQuery: t.field({
    type: DatabaseSession,
    authScopes: { administrator: true },
    errors: { types: [MaintenanceFailedError] },
    description:
      'Stops what another session of this database runs, and answers with the session as it was. PostgreSQL alone has sessions. For administrators; it is in the audit log before it is done.',
    args: {
      pid: t.arg.int({ required: true, description: 'The pid of the session.' }),
      startedAt: t.arg({
        type: 'DateTime',
        required: true,
        description: 'When it connected, as `activity` gave it: the number alone may be anew.',
      }),
      queryStartedAt: t.arg({
        type: 'DateTime',
        description: 'Only while it still runs the query that began then.',
      }),
      how: t.arg({
        type: TerminationEnum,
        defaultValue: 'cancel',
        description: 'Whether to give up its statement or to end the session.',
      }),
    },
    resolve: (_root, { pid, startedAt, queryStartedAt, how }, context) =>
      terminateQuery(
        maintainerOf(context),
        {
          pid,
          startedAt: startedAt.toISOString(),
          queryStartedAt: queryStartedAt?.toISOString() ?? null,
        },
        // The enum's values are the terminations.
        (how ?? 'cancel') as Termination,
      ),
  }),
}));
