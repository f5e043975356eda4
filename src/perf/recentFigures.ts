import type { Trace } from './trace.ts';

/** The slowest statement of some time. */
export interface SlowestStatement {
  durationMs: number;
  text: string;
  trace: Trace | null;
}

interface Counts {
  statements: number;
  failedStatements: number;
  statementMs: number;
  slowStatements: number;
  requests: number;
  /** Those that failed by a fault of ours. */
  brokenRequests: number;
}

interface GaugeSamples {
  highest: number;
  sum: number;
  samples: number;
}

/** What happened from one turn to the next. */
interface Turn {
  endedAt: number;
  counts: Counts;
  gauges: Map<string, GaugeSamples>;
}

export interface RecentSums extends Counts {
  /** How much time they cover. */
  durationMs: number;
  /** Of the samples of a gauge; null where there is none. */
  highest(gauge: string): number | null;
  mean(gauge: string): number | null;
}

const HOUR_MS = 3_600_000;

const noCounts = (): Counts => ({
  statements: 0,
  failedStatements: 0,
  statementMs: 0,
  slowStatements: 0,
  requests: 0,
  brokenRequests: 0,
});

/** The figures of the last hour, turn by turn: for targets and alerts, which need no names. */
export class RecentFigures {
  readonly #slowQueryMs: number;
  readonly #turns: Turn[] = [];
  #beganAt: number;
  #counts = noCounts();
  #gauges = new Map<string, GaugeSamples>();
  #slowest: SlowestStatement | null = null;

  constructor(now: Date, slowQueryMs: number) {
    this.#beganAt = now.getTime();
    this.#slowQueryMs = slowQueryMs;
  }

  addStatement(durationMs: number, failed: boolean, text: string, trace: Trace | null): void {
    const counts = this.#counts;
    counts.statements += 1;
    counts.statementMs += durationMs;
    if (failed) counts.failedStatements += 1;
    if (durationMs >= this.#slowQueryMs) counts.slowStatements += 1;
    if (durationMs > (this.#slowest?.durationMs ?? 0)) this.#slowest = { durationMs, text, trace };
  }

  addRequest({ failed, errorCodes }: Pick<Trace, 'failed' | 'errorCodes'>): void {
    this.#counts.requests += 1;
    if (failed && errorCodes.includes('INTERNAL_SERVER_ERROR')) this.#counts.brokenRequests += 1;
  }

  addSample(gauge: string, value: number): void {
    const samples = this.#gauges.get(gauge) ?? { highest: value, sum: 0, samples: 0 };
    samples.highest = Math.max(samples.highest, value);
    samples.sum += value;
    samples.samples += 1;
    this.#gauges.set(gauge, samples);
  }

  /** Ends a turn, and gives its slowest statement. */
  turn(now: Date): SlowestStatement | null {
    const endedAt = now.getTime();
    this.#turns.push({ endedAt, counts: this.#counts, gauges: this.#gauges });
    this.#counts = noCounts();
    this.#gauges = new Map();
    while (this.#turns[0] && this.#turns[0].endedAt <= endedAt - HOUR_MS) {
      this.#beganAt = this.#turns[0].endedAt;
      this.#turns.shift();
    }
    const slowest = this.#slowest;
    this.#slowest = null;
    return slowest;
  }

  /** The latest turn that ended. */
  lastTurn(now: Date): RecentSums {
    return this.#summed(
      this.#turns.slice(-1),
      now.getTime() - (this.#turns.at(-2)?.endedAt ?? this.#beganAt),
    );
  }

  /** The turns that ended in the last so many milliseconds, an hour at most, together. */
  sums(now: Date, withinMs = HOUR_MS): RecentSums {
    const since = now.getTime() - withinMs;
    return this.#summed(
      this.#turns.filter(({ endedAt }) => endedAt > since),
      now.getTime() - Math.max(since, this.#beganAt),
    );
  }

  #summed(turns: readonly Turn[], durationMs: number): RecentSums {
    const sum = noCounts();
    for (const { counts } of turns) {
      // The keys are those of the counts; Object.keys does not know them.
      for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
    }
    const samplesOf = (gauge: string): GaugeSamples[] =>
      turns.flatMap(({ gauges }) => gauges.get(gauge) ?? []);
    return {
      ...sum,
      durationMs,
      highest(gauge) {
        const samples = samplesOf(gauge);
        return samples.length === 0 ? null : Math.max(...samples.map(({ highest }) => highest));
      },
      mean(gauge) {
        const all = samplesOf(gauge);
        const count = all.reduce((total, { samples }) => total + samples, 0);
        return count === 0 ? null : all.reduce((total, samples) => total + samples.sum, 0) / count;
      },
    };
  }
}
