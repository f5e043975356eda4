import type { Knex } from 'knex';
import { type AuditSeverity, insertAuditLog, type NewAuditLog } from '../db/auditLogs.ts';
import type { UserRow } from '../db/users.ts';
import type { Viewer } from './viewer.ts';

/** Where a request comes from, as the audit log has it. */
export interface Origin {
  clientIp: string | null;
  userAgent: string | null;
  /** The operation's name, or null where it has none. */
  operationName: string | null;
  /** Of HTTP; null where no request made us do it. */
  method: string | null;
}

export interface AuditEvent {
  eventType: string;
  severity: AuditSeverity;
  statusCode: number;
  resourceType: string | null;
  resourceId: string | number | null;
  details?: string;
}

/** A viewer, who tries to become one, or a part of the service that does something by itself. */
export type AuditActor =
  | Viewer
  | { kind: 'login'; username: string; user: UserRow | null }
  | { kind: 'service'; name: string };

function nameOf(actor: AuditActor): string {
  if (actor.kind === 'worker') return actor.key.name;
  if (actor.kind === 'service') return actor.name;
  return actor.user?.username ?? (actor.kind === 'login' ? actor.username : '');
}

/** The entry for what somebody did. */
export function auditEntry(event: AuditEvent, origin: Origin, actor: AuditActor): NewAuditLog {
  const user = actor.kind === 'user' || actor.kind === 'login' ? actor.user : null;
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

/** Who changes something, from where. */
export interface Actor {
  db: Knex;
  viewer: AuditActor;
  origin: Origin;
}

/** What was written, and how the log tells it; no event where nothing was written. */
export interface Written<Result> {
  result: Result;
  event: AuditEvent | null;
}

/** Runs a change and writes the audit log, both or neither. */
export async function audited<Result>(
  { db, viewer, origin }: Actor,
  write: (transaction: Knex.Transaction) => Promise<Written<Result>>,
): Promise<Result> {
  return db.transaction(async (transaction) => {
    const { result, event } = await write(transaction);
    if (event) await insertAuditLog(transaction, auditEntry(event, origin, viewer));
    return result;
  });
}
