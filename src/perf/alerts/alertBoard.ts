import {
  type AlertLevel,
  type AlertReading,
  type AlertRule,
  type AlertThresholds,
  isStillOver,
  levelOf,
} from './alertRules.ts';

/** An alert to be opened or made worse. */
export interface RaisedAlert {
  rule: AlertRule;
  level: AlertLevel;
  what: string;
  value: number;
  threshold: number;
  unit: string;
  traceId: string | null;
  release: string;
}

/** An alert as it is stored, as far as the board reads it. */
export interface StoredAlert {
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
  last_over_at: string;
  changed_at: string;
  closed_at: string | null;
  acknowledged_at: string | null;
}

/** Alerts are shared by all processes: each call that changes one answers in one process alone. */
export interface AlertStore<Alert extends StoredAlert> {
  /** Those that are open, and those that changed since then; the oldest change first. */
  current(since: Date): Promise<Alert[]>;
  /** Null where there is an open one. */
  open(alert: RaisedAlert, now: Date): Promise<Alert | null>;
  /** Null where it is critical already. */
  worsen(alert: RaisedAlert, now: Date): Promise<Alert | null>;
  keepOpen(rule: AlertRule, value: number, now: Date): Promise<void>;
  close(unseenSince: Date, now: Date): Promise<Alert[]>;
}

export const alertEvents = ['opened', 'worsened', 'closed'] as const;

export type AlertEvent = (typeof alertEvents)[number];

interface Options<Alert extends StoredAlert> {
  store: AlertStore<Alert>;
  thresholds: AlertThresholds;
  clock: () => Date;
  release: string;
  /** Told by the one process that changed the alert. */
  announce(event: AlertEvent, alert: Alert): void;
  /** Told in every process of each alert that changed, whoever changed it. */
  onChange(alert: Alert): void;
}

/** So long nobody has to see it before an alert closes. */
const QUIET_MS = 60_000;

/** Clocks of processes differ, and what was written in a transaction is seen later. */
const OVERLAP_MS = 30_000;

/** Opens and closes alerts, together with the other processes. */
export class AlertBoard<Alert extends StoredAlert> {
  readonly #options: Options<Alert>;
  readonly #turnsOver = new Map<AlertRule, number>();
  /** What was told of each alert: when it had changed. */
  #told = new Map<number, string>();
  #readAt: Date;
  #hasRead = false;

  constructor(options: Options<Alert>) {
    this.#options = options;
    this.#readAt = options.clock();
  }

  async turn(readings: readonly AlertReading[]): Promise<void> {
    const { store, clock, announce } = this.#options;
    const open = new Map((await this.#read()).map((alert) => [alert.rule, alert]));
    for (const reading of readings) await this.#judge(reading, open.get(reading.rule));
    const unseenSince = clock().getTime() - QUIET_MS;
    const isQuiet = [...open.values()].some(
      ({ last_over_at }) => Date.parse(last_over_at) < unseenSince,
    );
    if (isQuiet) {
      for (const alert of await store.close(new Date(unseenSince), clock())) {
        announce('closed', alert);
      }
    }
    await this.#read();
  }

  async #judge(reading: AlertReading, open: Alert | undefined): Promise<void> {
    const { store, thresholds, clock, release, announce } = this.#options;
    const { rule, value, turnsToOpen, unit, what, traceId } = reading;
    const level = levelOf(value, thresholds[rule]);
    const turns = level ? (this.#turnsOver.get(rule) ?? 0) + 1 : 0;
    this.#turnsOver.set(rule, turns);
    if (level && turns >= turnsToOpen) {
      const threshold = thresholds[rule][level] ?? 0;
      const alert = { rule, level, what, value, threshold, unit, traceId, release };
      const opened = open ? null : await store.open(alert, clock());
      if (opened) announce('opened', opened);
      const worse = level === 'critical' && !opened && open?.level !== 'critical';
      const worsened = worse ? await store.worsen(alert, clock()) : null;
      if (worsened) announce('worsened', worsened);
      if (opened || worsened) return;
    }
    if (open && isStillOver(value, thresholds[rule])) await store.keepOpen(rule, value, clock());
  }

  /** Tells of those that changed, and gives those that are open. */
  async #read(): Promise<Alert[]> {
    const { store, clock, onChange } = this.#options;
    const now = clock();
    const current = await store.current(new Date(this.#readAt.getTime() - OVERLAP_MS));
    this.#readAt = now;
    const told = new Map<number, string>();
    for (const alert of current) {
      told.set(alert.id, alert.changed_at);
      if (this.#told.get(alert.id) !== alert.changed_at && this.#hasRead) onChange(alert);
    }
    this.#told = told;
    this.#hasRead = true;
    return current.filter(({ closed_at }) => closed_at === null);
  }
}
