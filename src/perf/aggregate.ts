import { build, type Histogram } from 'hdr-histogram-js';

/** The figures of everything that has one name. Times in milliseconds. */
export interface AggregateFigures {
  calls: number;
  errors: number;
  rows: number;
  totalMs: number;
  meanMs: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** Folds calls into counts and an HDR histogram of microseconds, exact to two digits. */
export class Aggregate {
  #calls = 0;
  #errors = 0;
  #rows = 0;
  #totalMs = 0;
  #maxMs = 0;
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2,
    autoResize: true,
    numberOfSignificantValueDigits: 2,
  });

  add(durationMs: number, { failed = false, rows = 0 } = {}): void {
    this.#calls += 1;
    this.#errors += failed ? 1 : 0;
    this.#rows += rows;
    this.#totalMs += durationMs;
    this.#maxMs = Math.max(this.#maxMs, durationMs);
    this.#histogram.recordValue(Math.max(1, Math.round(durationMs * 1000)));
  }

  get calls(): number {
    return this.#calls;
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  figures(): AggregateFigures {
    const percentile = (percent: number): number =>
      this.#calls === 0 ? 0 : this.#histogram.getValueAtPercentile(percent) / 1000;
    return {
      calls: this.#calls,
      errors: this.#errors,
      rows: this.#rows,
      totalMs: this.#totalMs,
      meanMs: this.#calls === 0 ? 0 : this.#totalMs / this.#calls,
      p50Ms: percentile(50),
      p95Ms: percentile(95),
      p99Ms: percentile(99),
      maxMs: this.#maxMs,
    };
  }
}
