import {
  type ActivityReport,
  type ConnectionGroup,
  groupConnections,
  type SessionSelection,
  selectSessions,
  sessionSelections,
  shownQuery,
} from '../administration/activityReport.ts';
import type { SessionRow } from '../db/catalogue/catalogue.ts';
import { builder } from './builder.ts';
import { connectionComplexity, pageRequestLimit } from './connection.ts';
import { enumValues } from './enumValues.ts';
import { Performance } from './performance.ts';

export const DatabaseSession = builder.objectRef<SessionRow>('DatabaseSession').implement({
  description: 'A connection to this database, of whomever.',
  fields: (t) => ({
    pid: t.exposeInt('pid', {
      description: 'Its process on the server. Another session may get the same number later.',
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When it connected; with the pid it means this session and no other. Null where the role of this service may not see it.',
    }),
    applicationName: t.exposeString('applicationName', {
      description: 'How the client names itself; this service is `whisper-transcriber-api`.',
    }),
    userName: t.exposeString('userName', {
      nullable: true,
      description: 'The role that it connected as.',
    }),
    clientAddress: t.exposeString('clientAddress', {
      nullable: true,
      description: 'Where it comes from; null for a local socket.',
    }),
    state: t.exposeString('state', {
      nullable: true,
      description:
        '`active`, `idle`, `idle in transaction` and so on; null where we may not see it.',
    }),
    stateSeconds: t.exposeFloat('stateSeconds', {
      nullable: true,
      description: 'For how long it is in that state, in seconds.',
    }),
    transactionSeconds: t.exposeFloat('transactionSeconds', {
      nullable: true,
      description: 'How long its transaction is open, in seconds; null without one.',
    }),
    queryStartedAt: t.expose('queryStartedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When what it runs, or ran last, began.',
    }),
    query: t.string({
      description: 'What it runs, or ran last, its values replaced by `?`.',
      resolve: ({ query }) => shownQuery(query),
    }),
    waitEventType: t.exposeString('waitEventType', {
      nullable: true,
      description: 'What kind of thing it waits for: `Lock`, `IO`, `Client`.',
    }),
    waitEvent: t.exposeString('waitEvent', {
      nullable: true,
      description: "What it waits for, in PostgreSQL's words.",
    }),
    blockedByPids: t.exposeIntList('blockedByPids', {
      description: 'The sessions that hold what it waits for; 0 is a prepared transaction.',
    }),
  }),
});

const ConnectionGroupType = builder.objectRef<ConnectionGroup>('ConnectionGroup').implement({
  description: 'Connections that have the same source and state.',
  fields: (t) => ({
    applicationName: t.exposeString('applicationName', {
      description: 'How the client names itself.',
    }),
    userName: t.exposeString('userName', {
      nullable: true,
      description: 'The role that they connected as.',
    }),
    clientAddress: t.exposeString('clientAddress', {
      nullable: true,
      description: 'Where they come from; null for a local socket.',
    }),
    state: t.exposeString('state', { nullable: true, description: 'What they do.' }),
    count: t.exposeInt('count', { description: 'How many there are.' }),
  }),
});

const SessionSelectionEnum = builder.enumType('SessionSelection', {
  description: 'Which sessions to show.',
  values: enumValues(sessionSelections, {
    active: 'Those that run a statement.',
    idle: 'Those that do nothing.',
    idle_in_transaction: 'Those that do nothing and have a transaction open, with its locks.',
    blocked: 'Those that wait for a lock.',
    blocking: 'Those that others wait for.',
  }),
});

const DatabaseActivity = builder.objectRef<ActivityReport>('DatabaseActivity').implement({
  description: 'What runs in the database now.',
  fields: (t) => ({
    unavailableBecause: t.string({
      nullable: true,
      description: 'Why there is nothing to see; null where there is.',
      resolve: ({ sessions }) =>
        sessions
          ? null
          : 'SQLite has no sessions: each process reads the file itself, and writers wait for one another.',
    }),
    sessions: t.field({
      type: [DatabaseSession],
      description:
        'Sessions of this database, the longest in their state first; ours are among them.',
      args: {
        only: t.arg({ type: SessionSelectionEnum, description: 'Which ones; all if not given.' }),
        minimumSeconds: t.arg.float({
          defaultValue: 0,
          description: 'Only what is in its state for so long, in seconds.',
        }),
        first: t.arg.int({ description: 'So many sessions, 20 if not given, at most 100.' }),
      },
      complexity: connectionComplexity,
      resolve: ({ sessions }, args) =>
        selectSessions(
          sessions ?? [],
          // The enum's values are the selections.
          (args.only ?? null) as SessionSelection | null,
          args.minimumSeconds ?? 0,
        ).slice(0, pageRequestLimit(args)),
    }),
    connections: t.field({
      type: [ConnectionGroupType],
      description: 'Who is connected, the most first.',
      resolve: ({ sessions }) => groupConnections(sessions ?? []),
    }),
  }),
});

builder.objectField(Performance, 'activity', (t) =>
  t.field({
    type: DatabaseActivity,
    description: 'What runs in the database now: who blocks whom, what takes long, who is idle.',
    resolve: (_performance, _args, { databaseReports }) => databaseReports.activity(),
  }),
);
