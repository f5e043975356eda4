import { type Actor, type AuditEvent, audited } from '../auth/audit.ts';
import type { Viewer } from '../auth/viewer.ts';
import { type AlertRow, findAlertById, updateAcknowledgedAlert } from '../db/alerts.ts';
import { type FindingRow, findFindingByKey, updateDismissedFinding } from '../db/findings.ts';
import { ApiError } from '../errors.ts';

type Administrator = Actor & { viewer: Extract<Viewer, { kind: 'user' }> };

const done = (eventType: string, resourceType: string, id: string | number, details: string) =>
  ({
    eventType,
    severity: 'info',
    statusCode: 200,
    resourceType,
    resourceId: id,
    details,
  }) satisfies AuditEvent;

/** Notes that somebody takes care of an alert; who came first stays. Throws NOT_FOUND. */
export async function acknowledgeAlert(
  actor: Administrator,
  id: number,
  now: Date,
): Promise<AlertRow> {
  const { user } = actor.viewer;
  return audited(actor, async (transaction) => {
    const changed = await updateAcknowledgedAlert(transaction, id, user.id, now.toISOString());
    const alert = changed ?? (await findAlertById(transaction, id));
    if (!alert) throw new ApiError('NOT_FOUND', `There is no alert ${id}.`);
    const event = changed && done('alert_acknowledged', 'alert', id, changed.what);
    return { result: alert, event };
  });
}

/** Lets a finding be shown no more, even when it is seen again. Throws NOT_FOUND. */
export async function dismissFinding(
  actor: Administrator,
  key: string,
  now: Date,
): Promise<FindingRow> {
  const { user } = actor.viewer;
  return audited(actor, async (transaction) => {
    const changed = await updateDismissedFinding(transaction, key, user.id, now.toISOString());
    const finding = changed ?? (await findFindingByKey(transaction, key));
    if (!finding) throw new ApiError('NOT_FOUND', `There is no finding "${key}".`);
    const event = changed && done('finding_dismissed', 'finding', key, changed.what);
    return { result: finding, event };
  });
}
