import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { AlertRow } from '../db/alerts.ts';
import { isReconciled } from '../db/statementLedgers.ts';
import { AlertFeed } from '../live/alertFeed.ts';
import { AlertBoard, type AlertEvent, type AnnouncedAlert } from '../perf/alerts/alertBoard.ts';
import type { AlertThresholds } from '../perf/alerts/alertRules.ts';
import { createWebhook, type Webhook } from '../perf/alerts/webhook.ts';
import { driftFindings } from '../perf/findings/driftFindings.ts';
import { FindingLog } from '../perf/findings/findingLog.ts';
import { flushFindings } from '../perf/findings/flushFindings.ts';
import { Regressions } from '../perf/findings/regressions.ts';
import { repeatedStatements } from '../perf/findings/repeatedStatements.ts';
import { slowStatements } from '../perf/findings/slowStatements.ts';
import type { History } from '../perf/history.ts';
import type { Targets } from '../perf/keyFigures.ts';
import type { Monitor } from '../perf/monitor.ts';
import type { QueryPlan } from '../perf/queryPlan.ts';
import type { StatementLedger } from '../perf/statementLedger.ts';
import { TruthCheck } from '../perf/truth.ts';
import { createWatch } from '../perf/watch.ts';
import { databaseFindings } from './databaseFindings.ts';
import type { DatabaseReports } from './databaseReports.ts';
import { type MonitorRecords, monitorRecords } from './monitorRecords.ts';
import {
  alertStore,
  durationComparison,
  findingStore,
  independentCounts,
  ledgerStore,
  tidying,
} from './monitorStores.ts';

/** As pino has it. */
interface Log {
  error(details: object, message: string): void;
  warn(details: object, message: string): void;
  info(details: object, message: string): void;
}

interface Options {
  background: Knex;
  monitor: Monitor;
  history: History;
  /** What the driver told, whatever became of it. */
  driver: StatementLedger;
  isPostgres: boolean;
  reports: DatabaseReports;
  /** The plan of a slow statement; null while there is none. */
  planOf(hash: string): QueryPlan | null;
  clock: () => Date;
  log: Log;
  release: string;
  repeatedStatementLimit: number;
  thresholds: AlertThresholds;
  targets: Targets;
  /** Where alerts are posted; null where they are not. */
  webhook: { url: string; secret: string } | null;
  /** Waits until an alert is posted again, in milliseconds. */
  pause(ms: number, signal: AbortSignal): Promise<unknown>;
}

/** What looks at the monitor's figures all the time, and what it saw. */
export interface Watching {
  truth: TruthCheck;
  targets: Targets;
  records: MonitorRecords;
  alertFeed: AlertFeed;
  /** Looks every ten seconds. */
  start(): void;
  /** One look at everything. */
  turn(): Promise<void>;
  endSubscriptions(): void;
  stop(): Promise<void>;
}

/** An alert as the log and the webhook tell it. */
const told = (event: AlertEvent, alert: AnnouncedAlert) => ({
  type: `alert.${event}`,
  alert: {
    id: alert.id,
    rule: alert.rule,
    level: alert.level,
    what: alert.what,
    value: alert.value,
    threshold: alert.threshold,
    unit: alert.unit,
    requestId: alert.trace_id,
    release: alert.release,
    openedAt: alert.opened_at,
    closedAt: alert.closed_at,
  },
});

/** Puts together what looks at the monitor's figures all the time. */
export function createWatching(options: Options): Watching {
  const { background, monitor, history, driver, clock, log, release, thresholds, targets } =
    options;
  const { repeatedStatementLimit, pause } = options;
  const alertFeed = new AlertFeed();
  const webhook: Webhook | null =
    options.webhook &&
    createWebhook({
      ...options.webhook,
      clock,
      pause,
      onFault: ({ id }, fault) => log.error({ err: fault, id }, 'An alert was not delivered'),
    });
  const truth = new TruthCheck({
    ledger: monitor.ledger,
    clock,
    driver,
    isReconciled,
    readDatabase: options.isPostgres ? () => independentCounts(background) : null,
    reason: options.isPostgres
      ? 'The extension pg_stat_statements is not installed, so what the driver told is compared.'
      : 'SQLite counts no statements, so what its driver told is compared.',
    store: ledgerStore(background, randomUUID(), clock),
  });
  const regressions = new Regressions({
    compare: durationComparison(background),
    resetTime: () => history.resetTime,
    traces: monitor.traces,
    clock,
  });
  const findings = new FindingLog({
    store: findingStore(background),
    sources: [
      driftFindings(truth),
      flushFindings(history.state),
      slowStatements(monitor, options.planOf),
      regressions,
      ...databaseFindings(options.reports),
    ],
    clock,
    release,
    onFault: (source, fault) => log.warn({ err: fault, source }, 'Findings were not looked for'),
  });
  monitor.onTrace((trace) => {
    for (const finding of repeatedStatements(trace, repeatedStatementLimit)) findings.note(finding);
  });
  const alerts = new AlertBoard<AlertRow>({
    store: alertStore(background),
    thresholds,
    clock,
    release,
    announce(event, alert) {
      const notice = told(event, alert);
      if (event === 'closed') log.info(notice, 'An alert is over');
      else log.warn(notice, `Alert: ${alert.what}`);
      webhook?.send({
        id: `alert-${alert.id ?? alert.rule}-${event}-${Date.parse(alert.opened_at)}`,
        body: { ...notice, timestamp: clock().toISOString() },
      });
    },
    onChange: (alert) => alertFeed.tell(alert),
  });
  const watch = createWatch({
    monitor,
    truth,
    alerts,
    findings,
    clock,
    flushFailingSeconds: history.failingSeconds,
    worstRegression: () => regressions.worst,
    tidy: tidying(background, clock),
    onFault: (part, fault) =>
      log.warn({ err: fault, part }, 'The monitor could not look; trying on'),
  });
  return {
    truth,
    targets,
    records: monitorRecords(background),
    alertFeed,
    start: watch.start,
    turn: watch.turn,
    endSubscriptions: () => alertFeed.close(),
    async stop() {
      webhook?.stop();
      await watch.stop();
    },
  };
}
