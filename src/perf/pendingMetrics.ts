import { randomUUID } from 'node:crypto';
import { type MetricRow, merged } from './metricRow.ts';

/** Rows that one statement writes. Its id tells whether it was written, where the answer got lost. */
export interface Batch {
  id: string;
  rows: readonly MetricRow[];
  /** Whether it may be in the database. */
  wasTried: boolean;
}

/** Rows a statement: some milliseconds. */
const ROWS_A_BATCH = 100;

/** Rows that wait while the database takes none: some five megabytes. */
const MAX_ROWS = 10_000;

const HOUR = 'yyyy-mm-ddThh'.length;
const hourOf = ({ timestamp }: MetricRow): string => timestamp.slice(0, HOUR);

const batchesOf = (rows: readonly MetricRow[]): Batch[] => {
  const batches: Batch[] = [];
  for (let start = 0; start < rows.length; start += ROWS_A_BATCH) {
    batches.push({
      id: randomUUID(),
      rows: rows.slice(start, start + ROWS_A_BATCH),
      wasTried: false,
    });
  }
  return batches;
};

const countOf = (batches: readonly Batch[]): number =>
  batches.reduce((sum, { rows }) => sum + rows.length, 0);

/** What was counted and is not in the database yet, the oldest first. */
export class PendingMetrics {
  readonly #maxRows: number;
  #batches: Batch[] = [];
  #lostCalls = 0;

  constructor(maxRows = MAX_ROWS) {
    this.#maxRows = maxRows;
  }

  add(rows: readonly MetricRow[]): void {
    this.#batches.push(...batchesOf(rows));
    if (this.size > this.#maxRows) this.#mergeHours();
    // What then finds no room is lost, the oldest first.
    while (this.size > this.#maxRows) this.#lose(this.#batches.shift());
  }

  /** The next to write; undefined where all are written. */
  get first(): Batch | undefined {
    return this.#batches[0];
  }

  get batches(): readonly Batch[] {
    return this.#batches;
  }

  get size(): number {
    return countOf(this.#batches);
  }

  /** Calls of all kinds that found no room. */
  get lostCalls(): number {
    return this.#lostCalls;
  }

  remove(written: Batch): void {
    this.#batches = this.#batches.filter((batch) => batch !== written);
  }

  /** Forgets what was counted before a time. */
  forgetBefore(time: string): void {
    this.#batches = this.#batches.filter(({ rows }) => rows.every((row) => row.timestamp >= time));
  }

  /** The minutes of an hour become one, from its first on. What was tried stays as it is. */
  #mergeHours(): void {
    const tried = this.#batches.filter(({ wasTried }) => wasTried);
    const others = this.#batches.filter(({ wasTried }) => !wasTried);
    const rows = merged(
      others.flatMap((batch) => batch.rows),
      (row) => `${hourOf(row)} ${row.series}`,
    );
    this.#batches = [...tried, ...batchesOf(rows)];
  }

  #lose(batch: Batch | undefined): void {
    for (const { calls } of batch?.rows ?? []) this.#lostCalls += calls;
  }
}
