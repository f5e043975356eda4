import type { Regression } from '../findings/regressions.ts';
import type { RecentFigures, SlowestStatement } from '../recentFigures.ts';

export const alertRules = [
  'slow_query',
  'pool',
  'error_rate',
  'event_loop',
  'heap',
  'flush',
  'truth',
  'regression',
] as const;

export type AlertRule = (typeof alertRules)[number];

export const alertLevels = ['warning', 'critical'] as const;

export type AlertLevel = (typeof alertLevels)[number];

export interface Thresholds {
  /** Null where it never is. */
  warning: number | null;
  critical: number | null;
}

export type AlertThresholds = Readonly<Record<AlertRule, Thresholds>>;

/** What a rule is held against. */
export interface AlertReading {
  rule: AlertRule;
  value: number;
  unit: string;
  what: string;
  traceId: string | null;
  /** In how many turns in a row it has to be over before an alert opens. */
  turnsToOpen: number;
}

/** What the monitor knows of its own state. */
export interface MonitorState {
  /** For how long what was counted could not be written, in seconds. */
  flushFailingSeconds: number;
  /** Calls and rows that the monitor and the database count differently. */
  drift: number;
  /** What became slower than in the week before by the greatest factor. */
  regression: Regression | null;
}

const FIVE_MINUTES_MS = 300_000;

/** Of fewer, one that failed would be an alert. */
const MIN_REQUESTS = 20;

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** What the rules are held against in this turn. */
export function alertReadings(
  recent: RecentFigures,
  slowest: SlowestStatement | null,
  { flushFailingSeconds, drift, regression }: MonitorState,
  now: Date,
): AlertReading[] {
  const turn = recent.lastTurn(now);
  const { requests, brokenRequests } = recent.sums(now, FIVE_MINUTES_MS);
  const errorPercent = requests < MIN_REQUESTS ? 0 : (brokenRequests / requests) * 100;
  const reading = (
    rule: AlertRule,
    value: number,
    unit: string,
    what: string,
    turnsToOpen = 1,
  ): AlertReading => ({ rule, value, unit, what, traceId: null, turnsToOpen });
  const poolPercent = turn.mean('poolUtilizationPercent') ?? 0;
  const delayMs = turn.highest('eventLoopDelayMs') ?? 0;
  const heapMegabytes = turn.highest('heapUsedMegabytes') ?? 0;
  return [
    {
      ...reading('slow_query', slowest?.durationMs ?? 0, 'ms', ''),
      what: `A statement took ${rounded(slowest?.durationMs ?? 0)} ms, for ${slowest?.trace?.operationName ?? 'no request'}: ${slowest?.text ?? ''}`,
      traceId: slowest?.trace?.id ?? null,
    },
    reading(
      'pool',
      poolPercent,
      '%',
      `${rounded(poolPercent)} % of the connections are in use.`,
      2,
    ),
    reading(
      'error_rate',
      errorPercent,
      '%',
      `${brokenRequests} of ${requests} requests in five minutes failed unexpectedly.`,
    ),
    reading(
      'event_loop',
      delayMs,
      'ms',
      `The thread that serves was held for ${rounded(delayMs)} ms.`,
      2,
    ),
    reading('heap', heapMegabytes, 'MB', `Objects take ${rounded(heapMegabytes)} MB of memory.`, 3),
    reading(
      'flush',
      flushFailingSeconds,
      's',
      `What was counted could not be written for ${rounded(flushFailingSeconds)} s.`,
    ),
    reading(
      'truth',
      drift,
      'calls and rows',
      `The monitor and the database differ by ${drift} calls and rows; see performance { truth }.`,
    ),
    reading(
      'regression',
      regression?.factor ?? 0,
      'times',
      `${regression?.kind === 'operation' ? 'The operation' : 'A statement'} takes ${rounded(regression?.factor ?? 0)} times as long as in the week before: ${regression?.name ?? ''}`,
    ),
  ];
}

/** How bad it is; null where it is fine. */
export function levelOf(value: number, { warning, critical }: Thresholds): AlertLevel | null {
  if (critical !== null && value > critical) return 'critical';
  if (warning !== null && value > warning) return 'warning';
  return null;
}

/** An open alert goes on above four fifths of what opened it, so that it does not flicker. */
export function isStillOver(value: number, { warning, critical }: Thresholds): boolean {
  return value > (warning ?? critical ?? Number.POSITIVE_INFINITY) * 0.8;
}
