import type { Knex } from 'knex';
import {
  type AlertRow,
  closeAlerts,
  deleteOldAlerts,
  findCurrentAlerts,
  insertAlert,
  type NewAlert,
  updateAlertLevel,
  updateAlertSeen,
} from '../db/alerts.ts';
import { closeFindings, deleteOldFindings, upsertFinding } from '../db/findings.ts';
import { compareDurations } from '../db/performanceComparison.ts';
import {
  deleteOldLedgers,
  findCountedStatements,
  findOtherLedgers,
  upsertLedger,
} from '../db/statementLedgers.ts';
import type { AlertStore, RaisedAlert } from '../perf/alerts/alertBoard.ts';
import type { FindingStore } from '../perf/findings/findingLog.ts';
import type { ComparedDurations, ComparedKind } from '../perf/findings/regressions.ts';
import { fingerprintOf } from '../perf/fingerprint.ts';
import type { StatementCount } from '../perf/statementLedger.ts';
import type { Bounds, IndependentCounts, LedgerStore } from '../perf/truth.ts';

/** Where the monitor keeps what it found: the tables, by a connection that it does not observe. */

export const findingStore = (db: Knex): FindingStore => ({
  write: ({ key, kind, level, what, traceId, statement, remedy, remedySql, ...seen }) =>
    upsertFinding(db, {
      key,
      kind,
      level,
      what,
      trace_id: traceId,
      statement,
      remedy,
      remedy_sql: remedySql,
      release: seen.release,
      first_seen: seen.seenAt.toISOString(),
      last_seen: seen.seenAt.toISOString(),
      closes_at: seen.closesAt.toISOString(),
    }),
  async closeOver(now) {
    await closeFindings(db, now.toISOString());
  },
});

/** Names that are compared, at most: those that take most time in all. */
const MAX_COMPARED = 100;

/** The rest of the turn waits for it. */
const COMPARISON_TIMEOUT_MS = 10_000;

/** How long names took in each of some periods, from what all processes have written. */
export const durationComparison =
  (db: Knex) =>
  async (
    kind: ComparedKind,
    periods: readonly { from: string; until: string }[],
    minimum: { calls: number; milliseconds: number },
  ): Promise<ComparedDurations[]> => {
    const rows = await compareDurations(db, {
      kind,
      periods,
      minimumCalls: minimum.calls,
      minimumMs: minimum.milliseconds,
      limit: MAX_COMPARED,
      timeoutMs: COMPARISON_TIMEOUT_MS,
    });
    const byFamily = Object.values(Object.groupBy(rows, ({ family }) => family));
    return byFamily.flatMap((found = []) => {
      const [first] = found;
      if (!first) return [];
      const { family, name, hash } = first;
      const inOrder = found.toSorted((a, b) => a.period - b.period);
      const p95Ms = inOrder.map(({ p95_microseconds }) => p95_microseconds / 1000);
      return [{ family, name, hash, p95Ms }];
    });
  };

const rowOf = ({ traceId, ...alert }: RaisedAlert): NewAlert => ({ ...alert, trace_id: traceId });

export const alertStore = (db: Knex): AlertStore<AlertRow> => ({
  current: (since) => findCurrentAlerts(db, since.toISOString()),
  open: (alert, now) => insertAlert(db, rowOf(alert), now.toISOString()),
  worsen: (alert, now) => updateAlertLevel(db, rowOf(alert), now.toISOString()),
  keepOpen: (rule, value, now) => updateAlertSeen(db, rule, value, now.toISOString()),
  close: (unseenSince, now) => closeAlerts(db, unseenSince.toISOString(), now.toISOString()),
});

type WrittenCounts = Bounds & { since: number };

export const ledgerStore = (db: Knex, processId: string, clock: () => Date): LedgerStore => ({
  write: ({ since, tick, bounds, isClosed }) =>
    upsertLedger(db, {
      process_id: processId,
      tick,
      counts: JSON.stringify({ since, ...bounds } satisfies WrittenCounts),
      is_closed: isClosed,
      written_at: clock().toISOString(),
    }),
  async others() {
    const rows = await findOtherLedgers(db, processId);
    return rows.map((row) => {
      // Written above, by a process of this version or one like it.
      const { since, ...bounds } = JSON.parse(row.counts) as WrittenCounts;
      return {
        processId: row.process_id,
        since,
        tick: row.tick,
        isClosed: row.is_closed,
        bounds,
      };
    });
  },
});

/** What PostgreSQL counted, by our fingerprints; null where it does not count. */
export async function independentCounts(db: Knex): Promise<IndependentCounts | null> {
  const counted = await findCountedStatements(db);
  if (!counted) return null;
  const counts: Record<string, StatementCount> = {};
  for (const { query, calls, rows } of counted.statements) {
    const { id } = fingerprintOf(query);
    const { calls: otherCalls, rows: otherRows } = counts[id] ?? { calls: 0, rows: 0 };
    counts[id] = { calls: calls + otherCalls, rows: rows + otherRows };
  }
  return { epoch: counted.epoch, counts };
}

const DAY_MS = 86_400_000;
const KEPT_DAYS = 90;
const TIDY_EVERY_MS = 600_000;
const MAX_DELETED = 1000;

/** Deletes what is over for long, some at a time and now and then. */
export function tidying(db: Knex, clock: () => Date): () => Promise<void> {
  let lastAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = clock().getTime();
    if (now - lastAt < TIDY_EVERY_MS) return;
    lastAt = now;
    const before = new Date(now - KEPT_DAYS * DAY_MS).toISOString();
    await deleteOldFindings(db, before, MAX_DELETED);
    await deleteOldAlerts(db, before, MAX_DELETED);
    await deleteOldLedgers(db, new Date(now - DAY_MS).toISOString());
  };
}
