import { setTimeout as sleep } from 'node:timers/promises';
import type { StatementCount, StatementCounts, StatementLedger } from './statementLedger.ts';

/**
 * What a process counted around the moment at which the database's own counts were read. A statement
 * that ran just then may be in one and not in the other, so there are two: what was counted for certain
 * before, and at most after.
 */
export interface Bounds {
  before: StatementCounts;
  after: StatementCounts;
}

/** What the database itself counted. */
export interface IndependentCounts {
  /** Another one after its counts began anew. */
  epoch: string;
  counts: StatementCounts;
}

/** What another process wrote down. */
export interface OtherLedger {
  processId: string;
  /** When it began to count: all that it counted was since then. */
  since: number;
  tick: number;
  bounds: Bounds;
  /** It ended in order, and counts no more. */
  isClosed: boolean;
}

/** Where processes that share a database tell each other what they counted. */
export interface LedgerStore {
  write(own: Omit<OtherLedger, 'processId'>): Promise<void>;
  others(): Promise<OtherLedger[]>;
}

/** A statement that the monitor and the database count differently, for certain. */
export interface StatementDrift {
  hash: string;
  statement: string;
  /** More than 0: the database counted more. */
  calls: number;
  rows: number;
}

export interface Truth {
  /** Whom the monitor is held against. */
  against: 'pg_stat_statements' | 'driver';
  /** Why not against the database itself; null where it is. */
  reason: string | null;
  /** What was before is not compared. */
  since: Date;
  checkedAt: Date;
  /** Statements that were compared, and those of them that ran so often that they are only bounded. */
  statements: number;
  unsettled: number;
  /** What the monitor counted since then. */
  counted: StatementCount;
  drift: StatementDrift[];
  processes: number;
}

interface Options {
  ledger: StatementLedger;
  clock: () => Date;
  /** What the database counted; null where it counts nothing. */
  readDatabase: (() => Promise<IndependentCounts | null>) | null;
  /** Why it counts nothing, where that is so. */
  reason: string;
  /** Of the same statements, what the driver told in this process. */
  driver: StatementLedger;
  isReconciled: (text: string) => boolean;
  store: LedgerStore;
}

interface Snapshot {
  tick: number;
  at: Date;
  against: Truth['against'];
  own: Bounds;
  independent: IndependentCounts;
}

interface Sums {
  /** The processes that are added up, and when each began to count. */
  members: ReadonlyMap<string, number>;
  bounds: Bounds;
}

interface Baseline extends Sums {
  snapshot: Snapshot;
}

export const TICK_MS = 10_000;

/** Processes take their counts at the same moment, as far as their clocks agree. */
const MARGIN_MS = 100;

/** A process that wrote nothing for so long is gone, with what it counted last. */
const GONE_AFTER_TICKS = 6;

const none: StatementCount = { calls: 0, rows: 0 };

const nextTurnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function added(all: readonly StatementCounts[]): StatementCounts {
  const sum: Record<string, StatementCount> = {};
  for (const counts of all) {
    for (const [hash, { calls, rows }] of Object.entries(counts)) {
      const { calls: otherCalls, rows: otherRows } = sum[hash] ?? none;
      sum[hash] = { calls: calls + otherCalls, rows: rows + otherRows };
    }
  }
  return sum;
}

const summed = (members: readonly { id: string; since: number; bounds: Bounds }[]): Sums => ({
  members: new Map(members.map(({ id, since }) => [id, since])),
  bounds: {
    before: added(members.map(({ bounds }) => bounds.before)),
    after: added(members.map(({ bounds }) => bounds.after)),
  },
});

/** What is certain of a difference that lies between two bounds: nothing where they surround zero. */
const certain = (least: number, most: number): number => Math.max(0, least) + Math.min(0, most);

/** The same fault in two checks; what one alone saw may have been a moment. */
const lasting = (one: number, other: number): number =>
  Math.sign(one) === Math.sign(other)
    ? Math.sign(one) * Math.min(Math.abs(one), Math.abs(other))
    : 0;

/** Holds what the monitor counted against what something else counted, all the time. */
export class TruthCheck {
  readonly #options: Options;
  readonly #since: number;
  #baseline: Baseline | null = null;
  #last: Snapshot | null = null;
  #suspected = new Map<string, StatementDrift>();
  #truth: Truth | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#since = this.#tick();
  }

  /** As of the latest check; null before the first two. */
  get truth(): Truth | null {
    return this.#truth;
  }

  /** Calls and rows that differ. */
  get drift(): number {
    return (this.#truth?.drift ?? []).reduce(
      (sum, { calls, rows }) => sum + Math.abs(calls) + Math.abs(rows),
      0,
    );
  }

  /** Takes the counts of this moment, and compares those that all processes have written down. */
  async turn(): Promise<void> {
    if (!this.#options.ledger.isComplete) return;
    // First: soon the others write down this turn's in its place.
    const others = await this.#others();
    const isAlone = others.every(({ isClosed }) => isClosed);
    if (!isAlone && this.#last) this.#compareWith(others, this.#last);
    this.#last = await this.#snapshot();
    if (isAlone) this.#compareWith(others, this.#last);
  }

  /** Leaves what this process counted for the others to reckon with. */
  async close(): Promise<void> {
    if (!this.#last || this.#last.against === 'driver') return;
    const counts = this.#ownCounts();
    const bounds = { before: counts, after: counts };
    await this.#write(this.#tick(), bounds, true);
  }

  async #write(tick: number, bounds: Bounds, isClosed: boolean): Promise<void> {
    await this.#options.store.write({ since: this.#since, tick, bounds, isClosed });
  }

  #tick(): number {
    return Math.floor(this.#options.clock().getTime() / TICK_MS);
  }

  /** The processes that are there, and those that ended in order. */
  async #others(): Promise<OtherLedger[]> {
    const { readDatabase, store } = this.#options;
    if (!readDatabase) return [];
    const earliest = this.#tick() - GONE_AFTER_TICKS;
    return (await store.others()).filter(({ isClosed, tick }) => isClosed || tick >= earliest);
  }

  /** Where every process has written down that moment. */
  #compareWith(others: readonly OtherLedger[], snapshot: Snapshot): void {
    const counting = snapshot.against === 'driver' ? [] : others;
    if (!counting.every(({ isClosed, tick }) => isClosed || tick === snapshot.tick)) return;
    const members = counting.map(({ processId, since, bounds }) => ({
      id: processId,
      since,
      bounds,
    }));
    const own = { id: 'own', since: this.#since, bounds: snapshot.own };
    this.#compare(snapshot, summed([...members, own]));
  }

  #ownCounts(): StatementCounts {
    const { ledger, isReconciled } = this.#options;
    return ledger.counts(isReconciled);
  }

  async #snapshot(): Promise<Snapshot> {
    const { readDatabase, driver, isReconciled, clock } = this.#options;
    const tick = this.#tick();
    const at = clock();
    const before = this.#ownCounts();
    const database = readDatabase && (await this.#readBetween(readDatabase));
    const independent = database ?? { epoch: 'driver', counts: driver.counts(isReconciled) };
    // What was answered while the thread was held is read before this.
    await nextTurnOfLoop();
    const own = { before, after: this.#ownCounts() };
    if (database) await this.#write(tick, own, false);
    return { tick, at, against: database ? 'pg_stat_statements' : 'driver', own, independent };
  }

  async #readBetween(
    readDatabase: () => Promise<IndependentCounts | null>,
  ): Promise<IndependentCounts | null> {
    await sleep(MARGIN_MS, null, { ref: false });
    const counts = await readDatabase();
    await sleep(MARGIN_MS, null, { ref: false });
    return counts;
  }

  #compare(snapshot: Snapshot, sums: Sums): void {
    const baseline = this.#baseline;
    const isComparable =
      baseline !== null &&
      baseline.snapshot.independent.epoch === snapshot.independent.epoch &&
      baseline.snapshot.against === snapshot.against &&
      [...baseline.members.keys()].every((member) => sums.members.has(member)) &&
      // Who came later has to have counted nothing that the database had counted before.
      [...sums.members].every(
        ([member, since]) => baseline.members.has(member) || since > baseline.snapshot.tick,
      );
    if (!isComparable) {
      this.#baseline = { ...sums, snapshot };
      this.#suspected = new Map();
      this.#truth = this.#told(snapshot, this.#baseline, sums, []);
      return;
    }
    const suspected = new Map(
      Object.keys(sums.bounds.after).flatMap((hash) => {
        const drift = this.#driftOf(hash, snapshot, baseline, sums);
        return drift.calls === 0 && drift.rows === 0 ? [] : [[hash, drift] as const];
      }),
    );
    const drift = [...suspected.values()].flatMap((now) => {
      const { calls, rows } = this.#suspected.get(now.hash) ?? none;
      const seen = { ...now, calls: lasting(now.calls, calls), rows: lasting(now.rows, rows) };
      return seen.calls === 0 && seen.rows === 0 ? [] : [seen];
    });
    this.#suspected = suspected;
    this.#truth = this.#told(snapshot, baseline, sums, drift);
  }

  /** How far the database is ahead of the monitor since the baseline, for certain. */
  #driftOf(hash: string, snapshot: Snapshot, baseline: Baseline, sums: Sums): StatementDrift {
    const of = (unit: 'calls' | 'rows'): number => {
      const at = (counts: StatementCounts): number => (counts[hash] ?? none)[unit];
      const database = at(snapshot.independent.counts) - at(baseline.snapshot.independent.counts);
      return certain(
        database - (at(sums.bounds.after) - at(baseline.bounds.before)),
        database - (at(sums.bounds.before) - at(baseline.bounds.after)),
      );
    };
    const statement = this.#options.ledger.textOf(hash) ?? `(of another process: ${hash})`;
    return { hash, statement, calls: of('calls'), rows: of('rows') };
  }

  #told(snapshot: Snapshot, baseline: Baseline, sums: Sums, drift: StatementDrift[]): Truth {
    const { before, after } = sums.bounds;
    const hashes = Object.keys(after);
    const total = (counts: StatementCounts, unit: 'calls' | 'rows'): number =>
      Object.values(counts).reduce((sum, count) => sum + count[unit], 0);
    const since = (unit: 'calls' | 'rows'): number =>
      total(before, unit) - total(baseline.bounds.before, unit);
    return {
      against: snapshot.against,
      reason: snapshot.against === 'driver' ? this.#options.reason : null,
      since: baseline.snapshot.at,
      checkedAt: snapshot.at,
      statements: hashes.length,
      unsettled: hashes.filter(
        (hash) =>
          before[hash]?.calls !== after[hash]?.calls || before[hash]?.rows !== after[hash]?.rows,
      ).length,
      counted: { calls: since('calls'), rows: since('rows') },
      drift,
      processes: sums.members.size,
    };
  }
}
