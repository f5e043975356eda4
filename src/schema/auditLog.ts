import {
  type AuditLogFilter,
  type AuditLogPageRequest,
  auditLogOrdering,
  auditSeverities,
  countAuditLogs,
  findAuditLogPage,
  indexedAuditLogFilters,
} from '../db/auditLogs.ts';
import { isIndexed } from '../db/indexed.ts';
import { builder } from './builder.ts';
import {
  type ConnectionArguments,
  connectionComplexity,
  connectionOf,
  pageRequest,
} from './connection.ts';
import { enumValues } from './enumValues.ts';
import { AuditLog, User } from './nodes.ts';
import { DateTimeRange, timeRange } from './range.ts';

export const AuditSeverity = builder.enumType('AuditSeverity', {
  description: 'How much an event should alarm.',
  values: enumValues(auditSeverities, {
    info: 'Somebody did what they may do.',
    warning: 'Something was refused.',
    critical: 'Somebody should look at once.',
  }),
});

AuditLog.implement({
  description: 'What somebody did, or tried to do. Entries are never changed.',
  fields: (t) => ({
    timestamp: t.expose('timestamp', { type: 'DateTime', description: 'When it happened.' }),
    eventType: t.exposeString('event_type', {
      description: 'What happened, such as `login_refused`.',
    }),
    severity: t.field({
      type: AuditSeverity,
      description: 'How much it should alarm.',
      resolve: (entry) => entry.severity,
    }),
    user: t.field({
      type: User,
      nullable: true,
      description: 'Who did it; null for workers, and where nobody was logged in.',
      resolve: (entry, _args, { loaders }) =>
        entry.user_id === null ? null : loaders.userById.load(entry.user_id),
    }),
    username: t.exposeString('username', {
      nullable: true,
      description: 'The user name that was given, whether there is such a user or not.',
    }),
    clientIp: t.exposeString('client_ip', { nullable: true, description: 'From which address.' }),
    userAgent: t.exposeString('user_agent', {
      nullable: true,
      description: 'With which program.',
    }),
    endpoint: t.exposeString('endpoint', {
      nullable: true,
      description: 'The name of the GraphQL operation.',
    }),
    method: t.exposeString('method', { nullable: true, description: 'The HTTP method.' }),
    statusCode: t.exposeInt('status_code', {
      nullable: true,
      description: 'The outcome, as an HTTP status.',
    }),
    resourceType: t.exposeString('resource_type', {
      nullable: true,
      description: 'What kind of thing it was done to, such as `user`.',
    }),
    resourceId: t.exposeString('resource_id', {
      nullable: true,
      description: 'Which one, by its id in the database.',
    }),
    sessionId: t.exposeString('session_id', {
      nullable: true,
      description: 'The session, where there was one.',
    }),
    details: t.exposeString('details', { nullable: true, description: 'What else is known.' }),
  }),
});

const AuditLogFilterInput = builder.inputType('AuditLogFilter', {
  description: 'Which entries; all conditions that are given hold together.',
  fields: (t) => ({
    endpoint: t.string({ description: 'Of this GraphQL operation.' }),
    clientIp: t.string({ description: 'From this address.' }),
    eventType: t.string({ description: 'Of this kind.' }),
    severity: t.field({ type: AuditSeverity, description: 'Of this severity.' }),
    userId: t.globalID({ for: User, description: 'By this user.' }),
    timestamp: t.field({ type: DateTimeRange, description: 'In this span of time.' }),
  }),
});

const UserAuditLogFilterInput = builder.inputType('UserAuditLogFilter', {
  description: "Which of a user's entries; all conditions that are given hold together.",
  fields: (t) => ({
    eventType: t.string({ description: 'Of this kind.' }),
    timestamp: t.field({ type: DateTimeRange, description: 'In this span of time.' }),
  }),
});

/** The arguments of a connection to one user's entries: what their indexes serve. */
export const userAuditLogArguments = builder.args((t) => ({
  filter: t.field({
    type: UserAuditLogFilterInput,
    description: 'Which entries; all if not given. The newest come first.',
  }),
}));

interface AuditLogArguments extends ConnectionArguments {
  filter?:
    | (Omit<AuditLogFilter, 'userId' | 'timestamp'> & {
        timestamp?: { from?: Date | null; to?: Date | null } | null;
      })
    | null;
}

/** What the arguments ask for, of the entries of one user or (null) of anybody. */
export function auditLogPageRequest(
  args: AuditLogArguments,
  userId: number | null,
): AuditLogPageRequest {
  const { filter } = args;
  return {
    filter: { ...filter, userId, timestamp: timeRange(filter?.timestamp) },
    page: pageRequest(args, auditLogOrdering, true),
  };
}

export const AuditLogConnection = builder.connectionObject(
  { type: AuditLog, name: 'AuditLogConnection', description: 'A page of the audit log.' },
  { name: 'AuditLogEdge', description: 'An entry on a page of the audit log.' },
);

builder.queryField('auditLogs', (t) =>
  t.connection(
    {
      type: AuditLog,
      authScopes: { administrator: true },
      description: 'What was done and tried, the newest first. For administrators.',
      args: {
        filter: t.arg({
          type: AuditLogFilterInput,
          description: 'Which entries; all if not given. The newest come first.',
        }),
      },
      complexity: connectionComplexity,
      resolve: async (_root, args, { db, longReads }) => {
        const { userId, ...filter } = args.filter ?? {};
        const request = auditLogPageRequest({ ...args, filter }, userId?.id ?? null);
        const page = await findAuditLogPage(
          isIndexed(indexedAuditLogFilters, request) ? db : longReads,
          request,
        );
        return connectionOf(page, auditLogOrdering, () =>
          countAuditLogs(longReads, request.filter),
        );
      },
    },
    AuditLogConnection,
  ),
);
