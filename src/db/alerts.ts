import type { Knex } from 'knex';
import { findPage, type Ordering, type Page, type PageRequest } from './keyset.ts';

/** An alert as it is stored. There is one open one of each rule at most. */
export interface AlertRow {
  id: number;
  rule: string;
  level: string;
  what: string;
  value: number;
  threshold: number;
  unit: string;
  trace_id: string | null;
  release: string;
  opened_at: string;
  /** When a process saw it last. */
  last_over_at: string;
  /** When it opened, got worse, was acknowledged or closed. */
  changed_at: string;
  closed_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: number | null;
}

export type NewAlert = Pick<
  AlertRow,
  'rule' | 'level' | 'what' | 'value' | 'threshold' | 'unit' | 'trace_id' | 'release'
>;

const alertColumns = [
  'id',
  'rule',
  'level',
  'what',
  'value',
  'threshold',
  'unit',
  'trace_id',
  'release',
  'opened_at',
  'last_over_at',
  'changed_at',
  'closed_at',
  'acknowledged_at',
  'acknowledged_by',
] as const satisfies readonly (keyof AlertRow)[];

export const alertOrdering: Ordering<AlertRow> = {
  name: 'alerts.opened_at',
  column: 'alerts.opened_at',
  kind: 'time',
  nullable: false,
  value: (row) => row.opened_at,
  idColumn: 'alerts.id',
  idType: 'integer',
  id: (row) => row.id,
};

export interface AlertFilter {
  rule?: string | null | undefined;
  /** Only those that are not over. */
  onlyOpen?: boolean | null | undefined;
}

function filtered(query: Knex.QueryBuilder, filter: AlertFilter): Knex.QueryBuilder {
  if (filter.rule != null) query.where('alerts.rule', filter.rule);
  if (filter.onlyOpen) query.whereNull('alerts.closed_at');
  return query;
}

export async function findAlertPage(
  db: Knex,
  filter: AlertFilter,
  page: PageRequest<AlertRow>,
): Promise<Page<AlertRow>> {
  return findPage(db, filtered(db('alerts').select(alertColumns), filter), page);
}

export async function countAlerts(db: Knex, filter: AlertFilter): Promise<number> {
  const [row] = await filtered(db('alerts').count({ count: '*' }), filter);
  return Number(row.count);
}

/** Those that are open, and those that changed since then; the oldest change first. */
export async function findCurrentAlerts(db: Knex, since: string): Promise<AlertRow[]> {
  return db('alerts')
    .select(alertColumns)
    .whereNull('closed_at')
    .orWhere('changed_at', '>=', since)
    .orderBy('changed_at');
}

/** Opens an alert; null where another process, or this one, did so before. */
export async function insertAlert(
  db: Knex,
  alert: NewAlert,
  now: string,
): Promise<AlertRow | null> {
  const [row] = await db('alerts')
    .insert({ ...alert, opened_at: now, last_over_at: now, changed_at: now })
    .onConflict(db.raw('(rule) WHERE closed_at IS NULL'))
    .ignore()
    .returning(alertColumns);
  return row ?? null;
}

/** Notes that an open alert's cause is still there. */
export async function updateAlertSeen(
  db: Knex,
  rule: string,
  value: number,
  now: string,
): Promise<void> {
  await db('alerts')
    .where('rule', rule)
    .whereNull('closed_at')
    .where('last_over_at', '<', now)
    .update({ last_over_at: now, value });
}

/** Makes an open warning critical; null where it is so already. */
export async function updateAlertLevel(
  db: Knex,
  alert: NewAlert,
  now: string,
): Promise<AlertRow | null> {
  const { rule, level, what, value, threshold, trace_id } = alert;
  const [row] = await db('alerts')
    .where('rule', rule)
    .whereNull('closed_at')
    .where('level', 'warning')
    .update({ level, what, value, threshold, trace_id, last_over_at: now, changed_at: now })
    .returning(alertColumns);
  return row ?? null;
}

/** Closes what no process saw since then. Each is given to the one process that closed it. */
export async function closeAlerts(db: Knex, unseenSince: string, now: string): Promise<AlertRow[]> {
  return db('alerts')
    .whereNull('closed_at')
    .where('last_over_at', '<', unseenSince)
    .update({ closed_at: now, changed_at: now })
    .returning(alertColumns);
}

/** Closed ones, so many at most. */
export async function deleteOldAlerts(db: Knex, before: string, limit: number): Promise<number> {
  const old = db('alerts')
    .select('id')
    .where('closed_at', '<', before)
    .limit(limit, { skipBinding: true });
  return db('alerts').whereIn('id', old).delete();
}

export async function findAlertById(db: Knex, id: number): Promise<AlertRow | null> {
  const [row]: AlertRow[] = await db('alerts')
    .select(alertColumns)
    .where('id', id)
    .limit(1, { skipBinding: true });
  return row ?? null;
}

/** Notes who takes care of an alert; null where somebody does already, or where there is none. */
export async function updateAcknowledgedAlert(
  db: Knex,
  id: number,
  userId: number,
  now: string,
): Promise<AlertRow | null> {
  const [row] = await db('alerts')
    .where('id', id)
    .whereNull('acknowledged_at')
    .update({ acknowledged_at: now, acknowledged_by: userId, changed_at: now })
    .returning(alertColumns);
  return row ?? null;
}
