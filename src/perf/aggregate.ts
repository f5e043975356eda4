import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';

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

/** An aggregate as it is stored, and sent from one process to another. */
export interface AggregateRecord {
  calls: number;
  errors: number;
  rows: number;
  totalMs: number;
  maxMs: number;
  /** HDR histogram of microseconds in its own format (V2, deflated, base64). */
  histogram: string;
}

/** Folds calls into counts and an HDR histogram of microseconds, exact to two digits. Aggregates add up. */
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

  add(durationMs: number, failed: boolean, rows: number): void {
    this.#calls += 1;
    if (failed) this.#errors += 1;
    this.#rows += rows;
    this.#totalMs += durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
    this.#histogram.recordValue(Math.max(1, Math.round(durationMs * 1000)));
  }

  /** Adds what another counted. */
  absorb(other: Aggregate): this {
    this.#sum(other.#calls, other.#errors, other.#rows, other.#totalMs, other.#maxMs);
    this.#histogram.add(other.#histogram);
    return this;
  }

  /** Adds what was stored. */
  merge({ calls, errors, rows, totalMs, maxMs, histogram }: AggregateRecord): this {
    this.#sum(calls, errors, rows, totalMs, maxMs);
    this.#histogram.add(decodeFromCompressedBase64(histogram));
    return this;
  }

  #sum(calls: number, errors: number, rows: number, totalMs: number, maxMs: number): void {
    this.#calls += calls;
    this.#errors += errors;
    this.#rows += rows;
    this.#totalMs += totalMs;
    this.#maxMs = Math.max(this.#maxMs, maxMs);
  }

  get calls(): number {
    return this.#calls;
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  record(): AggregateRecord {
    return {
      calls: this.#calls,
      errors: this.#errors,
      rows: this.#rows,
      totalMs: this.#totalMs,
      maxMs: this.#maxMs,
      histogram: encodeIntoCompressedBase64(this.#histogram),
    };
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
