import { Int32Histogram } from 'hdr-histogram-js';

/** In milliseconds. */
export interface Percentiles {
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

/** The figures of everything that has one name. Times in milliseconds. */
export interface AggregateFigures extends AggregateSums, Percentiles {
  meanMs: number;
}

/** How many calls took so many microseconds: the buckets of an HDR histogram that have any. */
export type HistogramCounts = Record<string, number>;

/** An aggregate as it is stored: its counts add up in SQL too. */
export interface AggregateRecord {
  calls: number;
  errors: number;
  rows: number;
  /** Keys of a loader that were asked for and there already. */
  hits: number;
  totalMs: number;
  maxMs: number;
  histogram: HistogramCounts;
}

export type AggregateSums = Omit<AggregateRecord, 'histogram'>;

/** 128 buckets to each doubling: exact to two digits. */
const SIGNIFICANT_DIGITS = 2;

function newHistogram(): Int32Histogram {
  const histogram = new Int32Histogram(1, 2, SIGNIFICANT_DIGITS);
  histogram.autoResize = true;
  return histogram;
}

/** Folds calls into counts and an HDR histogram of microseconds, exact to two digits. Aggregates add up. */
export class Aggregate {
  #calls = 0;
  #errors = 0;
  #rows = 0;
  #hits = 0;
  #totalMs = 0;
  #maxMs = 0;
  readonly #histogram = newHistogram();

  add(durationMs: number, failed: boolean, rows: number): void {
    this.#calls += 1;
    if (failed) this.#errors += 1;
    this.#rows += rows;
    this.#totalMs += durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
    this.#histogram.recordValue(Math.max(1, Math.round(durationMs * 1000)));
  }

  addHits(hits: number): void {
    this.#hits += hits;
  }

  /** Adds what another counted. */
  absorb(other: Aggregate): this {
    this.#sum(other.sums());
    this.#histogram.add(other.#histogram);
    return this;
  }

  /** Adds what was stored. */
  merge({ histogram, ...sums }: AggregateRecord): this {
    this.#sum(sums);
    this.addHistogram(histogram);
    return this;
  }

  /** Adds only how long calls took, where their sums are known. */
  addHistogram(histogram: HistogramCounts): void {
    for (const [microseconds, calls] of Object.entries(histogram)) {
      this.#histogram.recordValueWithCount(Number(microseconds), calls);
    }
  }

  percentiles(): Percentiles {
    const percentile = (percent: number): number =>
      this.#histogram.totalCount === 0 ? 0 : this.#histogram.getValueAtPercentile(percent) / 1000;
    return { p50Ms: percentile(50), p95Ms: percentile(95), p99Ms: percentile(99) };
  }

  #sum({ calls, errors, rows, hits, totalMs, maxMs }: AggregateSums): void {
    this.#calls += calls;
    this.#errors += errors;
    this.#rows += rows;
    this.#hits += hits;
    this.#totalMs += totalMs;
    this.#maxMs = Math.max(this.#maxMs, maxMs);
  }

  sums(): AggregateSums {
    return {
      calls: this.#calls,
      errors: this.#errors,
      rows: this.#rows,
      hits: this.#hits,
      totalMs: this.#totalMs,
      maxMs: this.#maxMs,
    };
  }

  record(): AggregateRecord {
    const histogram: HistogramCounts = {};
    for (let index = 0; index < this.#histogram.countsArrayLength; index += 1) {
      const calls = this.#histogram.getCountAtIndex(index);
      if (calls > 0) histogram[this.#histogram.valueFromIndex(index)] = calls;
    }
    return { ...this.sums(), histogram };
  }

  figures(): AggregateFigures {
    const meanMs = this.#calls === 0 ? 0 : this.#totalMs / this.#calls;
    return { ...this.sums(), meanMs, ...this.percentiles() };
  }
}
