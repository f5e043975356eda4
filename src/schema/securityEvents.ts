import { findSecurityEvents, type SecurityEventRow } from '../db/statistics.ts';
import { AuditSeverity } from './auditLog.ts';
import { builder } from './builder.ts';
import { connectionComplexity, pageRequestLimit } from './connection.ts';
import { periodArguments, periodOf } from './period.ts';

const SecurityEvent = builder.objectRef<SecurityEventRow>('SecurityEvent').implement({
  description: 'Entries of the audit log above `INFO` of one kind, from one address.',
  fields: (t) => ({
    eventType: t.exposeString('event_type', {
      description: 'What happened, such as `login_refused`.',
    }),
    severity: t.field({
      type: AuditSeverity,
      description: 'How much it should alarm.',
      resolve: ({ severity }) => severity,
    }),
    clientIp: t.exposeString('client_ip', { nullable: true, description: 'From which address.' }),
    count: t.exposeInt('count', { description: 'How often it happened.' }),
    userCount: t.exposeInt('users', { description: 'How many users it was tried as.' }),
    firstAt: t.expose('first_at', { type: 'DateTime', description: 'When it happened first.' }),
    lastAt: t.expose('last_at', { type: 'DateTime', description: 'When it happened last.' }),
  }),
});

builder.queryField('securityEvents', (t) =>
  t.field({
    type: [SecurityEvent],
    authScopes: { administrator: true },
    description:
      'What was refused or alarming in a period, the most frequent first. For administrators.',
    args: {
      ...periodArguments,
      first: t.arg.int({ description: 'So many kinds, 20 if not given, at most 100.' }),
    },
    complexity: connectionComplexity,
    resolve: (_root, args, { longReads }) =>
      findSecurityEvents(longReads, periodOf(args), pageRequestLimit(args)),
  }),
);
