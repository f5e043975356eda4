import type { AuditSeverity, NewAuditLog } from '../db/auditLogs.ts';
import type { UserRow } from '../db/users.ts';
import type { Viewer } from './viewer.ts';

/** Where a request comes from, as the audit log has it. */
export interface Origin {
  clientIp: string | null;
  userAgent: string | null;
  /** The operation's name, or null where it has none. */
  operationName: string | null;
  method: string;
}

export interface AuditEvent {
  eventType: string;
  severity: AuditSeverity;
  statusCode: number;
  resourceType: string | null;
  resourceId: string | number | null;
  details?: string;
}

/** A viewer, or who tries to become one. */
export type AuditActor = Viewer | { kind: 'login'; username: string; user: UserRow | null };

function nameOf(actor: AuditActor): string {
  if (actor.kind === 'worker') return actor.key.name;
  return actor.user?.username ?? (actor.kind === 'login' ? actor.username : '');
}

/** The entry for what somebody did. */
export function auditEntry(event: AuditEvent, origin: Origin, actor: AuditActor): NewAuditLog {
  const user = actor.kind === 'worker' ? null : actor.user;
  return {
    timestamp: new Date().toISOString(),
    event_type: event.eventType,
    severity: event.severity,
    user_id: user?.id ?? null,
    username: nameOf(actor),
    client_ip: origin.clientIp,
    user_agent: origin.userAgent,
    endpoint: origin.operationName,
    method: origin.method,
    status_code: event.statusCode,
    resource_type: event.resourceType,
    resource_id: event.resourceId === null ? null : String(event.resourceId),
    session_id: null,
    details: event.details ?? null,
  };
}
