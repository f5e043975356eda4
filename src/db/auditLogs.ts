import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { rowsOf } from './compiled.ts';
import { plain, type WriteParameter } from './dialect.ts';
import { findByKeys } from './findByKeys.ts';
import type { IndexedFilters } from './indexed.ts';
import { type Ordering, type Page, type PageRequest, pageOf } from './keyset.ts';
import { countOfEachParent, countRows, findPageOfEachParent, pageStatement } from './pages.ts';
import { type Range, whereBetween } from './range.ts';

export const auditSeverities = ['info', 'warning', 'critical'] as const;

export type AuditSeverity = (typeof auditSeverities)[number];

export interface AuditLogRow {
  id: number;
  timestamp: string;
  event_type: string;
  severity: AuditSeverity;
  user_id: number | null;
  username: string | null;
  client_ip: string | null;
  user_agent: string | null;
  endpoint: string | null;
  method: string | null;
  status_code: number | null;
  resource_type: string | null;
  resource_id: string | null;
  session_id: string | null;
  details: string | null;
}

const auditLogColumns = [
  'id',
  'timestamp',
  'event_type',
  'severity',
  'user_id',
  'username',
  'client_ip',
  'user_agent',
  'endpoint',
  'method',
  'status_code',
  'resource_type',
  'resource_id',
  'session_id',
  'details',
] as const satisfies readonly (keyof AuditLogRow)[];

export const auditLogOrdering: Ordering<AuditLogRow> = {
  name: 'audit_logs.timestamp',
  column: 'audit_logs.timestamp',
  kind: 'time',
  nullable: false,
  value: (row) => row.timestamp,
  idColumn: 'audit_logs.id',
  idType: 'integer',
  id: (row) => row.id,
};

/** The indexes of the migrations, as pages use them. */
export const indexedAuditLogFilters: IndexedFilters = {
  'audit_logs.timestamp': [
    ['endpoint', 'timestamp'],
    ['clientIp', 'eventType', 'timestamp'],
    ['userId', 'eventType', 'timestamp'],
    ['severity', 'eventType', 'timestamp'],
  ],
};

export interface AuditLogFilter {
  endpoint?: string | null | undefined;
  clientIp?: string | null | undefined;
  eventType?: string | null | undefined;
  severity?: AuditSeverity | null | undefined;
  userId?: number | null | undefined;
  timestamp?: Range<string> | null | undefined;
}

/**
 * The kind of event is always seen: where it is rare, the planner has to know, or it reads all that a user did
 * in the order of the page, which its index has with the ids.
 */
function filtered(
  db: Knex,
  query: Knex.QueryBuilder,
  filter: AuditLogFilter,
  write: WriteParameter = plain,
): Knex.QueryBuilder {
  if (filter.endpoint != null) query.where('audit_logs.endpoint', filter.endpoint);
  if (filter.clientIp != null) query.where('audit_logs.client_ip', filter.clientIp);
  if (filter.eventType != null) query.where('audit_logs.event_type', filter.eventType);
  if (filter.severity != null) query.where('audit_logs.severity', filter.severity);
  if (filter.userId != null) query.where('audit_logs.user_id', filter.userId);
  whereBetween(db, query, auditLogOrdering, filter.timestamp, write);
  return query;
}

const auditLogsById = {
  table: 'audit_logs',
  columns: auditLogColumns,
  keyColumn: 'id',
  keyType: 'integer',
} as const;

export async function findAuditLogsByIds(db: Knex, ids: readonly number[]): Promise<AuditLogRow[]> {
  return findByKeys(db, auditLogsById, ids);
}

export interface AuditLogPageRequest {
  filter: AuditLogFilter;
  page: PageRequest<AuditLogRow>;
}

export async function findAuditLogPage(
  db: Knex,
  { filter, page }: AuditLogPageRequest,
): Promise<Page<AuditLogRow>> {
  const statement = pageStatement(db, {
    shape: 'audit_logs',
    filter,
    page,
    select: () => db('audit_logs').select(auditLogColumns),
    narrow: (query, conditions) => filtered(db, query, conditions),
  });
  return pageOf(await rowsOf<AuditLogRow>(db, statement), page);
}

export async function countAuditLogs(db: Knex, filter: AuditLogFilter): Promise<number> {
  return countRows(db, {
    table: 'audit_logs',
    filter,
    narrow: (query, conditions) => filtered(db, query, conditions),
  });
}

const ofUsers = (db: Knex) =>
  ({
    table: 'audit_logs',
    parentColumn: 'user_id',
    parentType: 'integer',
    narrow: (query: Knex.QueryBuilder, filter: AuditLogFilter) =>
      filtered(db, query, filter, dialectOf(db).unseen),
  }) as const;

/** The audit log of each user, as far as `filter` lets it through. */
export async function findAuditLogPagesByUserIds(
  db: Knex,
  userIds: readonly number[],
  { filter, page }: AuditLogPageRequest,
): Promise<Map<number, Page<AuditLogRow>>> {
  return findPageOfEachParent(db, {
    ...ofUsers(db),
    columns: auditLogColumns,
    parents: userIds,
    // The join is on the user, so it is there.
    parentOf: (row: AuditLogRow) => row.user_id ?? 0,
    filter,
    page,
  });
}

export async function countAuditLogsByUserIds(
  db: Knex,
  userIds: readonly number[],
  filter: AuditLogFilter,
): Promise<Map<number, number>> {
  return countOfEachParent(db, { ...ofUsers(db), parents: userIds, filter });
}

export type NewAuditLog = Omit<AuditLogRow, 'id'>;

/** Always within the transaction of what it reports. */
export async function insertAuditLog(db: Knex.Transaction, entry: NewAuditLog): Promise<void> {
  await db('audit_logs').insert(entry);
}
