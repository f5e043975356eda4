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

/** An alert as it is told. One that could not be stored has no id. */
export type AnnouncedAlert = Omit<
  StoredAlert,
  'id' | 'last_over_at' | 'changed_at' | 'acknowledged_at'
> & { id: number | null };

interface JudgedReading {
  reading: AlertReading;
  /** Null where it is fine, or not bad for long enough. */
  level: AlertLevel | null;
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
  /** Told by the one process that changed the alert; where the store fails, by each that sees it. */
  announce(event: AlertEvent, alert: AnnouncedAlert): void;
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
  /** As they were read last, by their rules. */
  #open = new Map<string, Alert>();
  /** What the store could not take, and was told all the same. */
  readonly #unshared = new Map<AlertRule, AnnouncedAlert>();
  /** What was told of each alert: when it had changed. */
  #told = new Map<number, string>();
  #readAt: Date;
  #hasRead = false;

  constructor(options: Options<Alert>) {
    this.#options = options;
    this.#readAt = options.clock();
  }

  async turn(readings: readonly AlertReading[]): Promise<void> {
    const judged = readings.map((reading) => ({ reading, level: this.#levelOf(reading) }));
    try {
      await this.#share(judged);
      this.#endUnshared();
    } catch (fault) {
      this.#tellAlone(judged);
      throw fault;
    }
  }

  /** How bad it is, once it was so for long enough. */
  #levelOf({ rule, value, turnsToOpen }: AlertReading): AlertLevel | null {
    const level = levelOf(value, this.#options.thresholds[rule]);
    const turns = level ? (this.#turnsOver.get(rule) ?? 0) + 1 : 0;
    this.#turnsOver.set(rule, turns);
    return turns >= turnsToOpen ? level : null;
  }

  async #share(judged: readonly JudgedReading[]): Promise<void> {
    const { store, clock, announce } = this.#options;
    const open = await this.#read();
    for (const { reading, level } of judged) {
      await this.#judge(reading, level, open.get(reading.rule));
    }
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

  #raised({ rule, value, unit, what, traceId }: AlertReading, level: AlertLevel): RaisedAlert {
    const { thresholds, release } = this.#options;
    const threshold = thresholds[rule][level] ?? 0;
    return { rule, level, what, value, threshold, unit, traceId, release };
  }

  async #judge(
    reading: AlertReading,
    level: AlertLevel | null,
    open: Alert | undefined,
  ): Promise<void> {
    const { store, thresholds, clock, announce } = this.#options;
    const { rule, value } = reading;
    if (level) {
      const alert = this.#raised(reading, level);
      const opened = open ? null : await store.open(alert, clock());
      if (opened) {
        this.#open.set(rule, opened);
        announce('opened', opened);
      }
      const worse = level === 'critical' && !opened && open?.level !== 'critical';
      const worsened = worse ? await store.worsen(alert, clock()) : null;
      if (worsened) announce('worsened', worsened);
      if (opened || worsened) return;
    }
    if (open && isStillOver(value, thresholds[rule])) await store.keepOpen(rule, value, clock());
  }

  /**
   * The database that takes no figures may take no alerts either. What it can't open, this process tells
   * by itself, once: others may tell of it too.
   */
  #tellAlone(judged: readonly JudgedReading[]): void {
    const { clock, announce } = this.#options;
    const now = clock().toISOString();
    for (const { reading, level } of judged) {
      if (!level || this.#open.has(reading.rule) || this.#unshared.has(reading.rule)) continue;
      const { traceId, ...raised } = this.#raised(reading, level);
      const alert: AnnouncedAlert = {
        ...raised,
        id: null,
        trace_id: traceId,
        opened_at: now,
        closed_at: null,
      };
      this.#unshared.set(reading.rule, alert);
      announce('opened', alert);
    }
  }

  /** What was told alone is shared by now, or is over. */
  #endUnshared(): void {
    const { clock, announce } = this.#options;
    for (const [rule, alert] of this.#unshared) {
      if (this.#open.has(rule)) continue;
      announce('closed', { ...alert, closed_at: clock().toISOString() });
    }
    this.#unshared.clear();
  }

  /** Tells of those that changed, and gives those that are open, by their rules. */
  async #read(): Promise<ReadonlyMap<string, Alert>> {
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
    const open = current.filter(({ closed_at }) => closed_at === null);
    this.#open = new Map(open.map((alert) => [alert.rule, alert]));
    return this.#open;
  }
}
