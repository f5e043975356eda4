import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Aggregate } from './aggregate.ts';
import type { Entry, Interval, MetricKind } from './interval.ts';
import { type MetricRow, metricRow } from './metricRow.ts';
import type { Monitor, SlowQuery } from './monitor.ts';
import { type Batch, PendingMetrics } from './pendingMetrics.ts';
import { tidy } from './rollUp.ts';

/** A statement over the threshold as it is stored: without its values. The names are those of the columns. */
export interface SlowQueryRow {
  timestamp: string;
  query_type: string;
  execution_time_ms: number;
  query_text: string;
  table_name: string | null;
  user_id: number | null;
  endpoint: string | null;
  row_count: number;
  statement_hash: string;
  client: string | null;
  request_id: string | null;
}

/** Where figures are kept for all processes. Everything it does is small, and done or not. */
export interface HistoryStore {
  /** Does nothing where a batch of that id is there. */
  insertMetrics(batch: Batch): Promise<void>;
  insertSlowQueries(rows: readonly SlowQueryRow[]): Promise<void>;
  /** Rows of a step that are due, from the place of another on; those that become one beside each other. */
  findDue(
    seconds: number,
    now: string,
    from: MetricRow | null,
    limit: number,
  ): Promise<(MetricRow & { id: number })[]>;
  /** Whether it was done: not where some of the rows are gone, since then another process did it. */
  replace(ids: readonly number[], rows: readonly MetricRow[]): Promise<boolean>;
  /** Deletes a bounded number of what is too old; gives how many there were. */
  deleteExpired(now: string): Promise<number>;
  /** Deletes of a bounded number what was there at a time; gives how many it looked at. */
  deleteBefore(time: string): Promise<number>;
  /** When somebody last let everything begin anew; null if nobody did. */
  findResetTime(): Promise<string | null>;
}

/** What the monitor writes to the log. */
export interface HistoryLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

export interface HistoryState {
  lastFlushAt: string | null;
  /** Since when the database takes nothing; null while it does. */
  failingSince: string | null;
  /** Why, in the words of the database. */
  failure: string | null;
  /** Figures that wait to be written. */
  pendingEntries: number;
  /** Calls whose figures found no room while they waited, since the process started. */
  lostCalls: number;
}

/** What this process counted and has not written for sure. */
export interface Unwritten {
  /** Without their histograms, which are dear. */
  sums: Omit<MetricRow, 'histogram'>[];
  /** What may be in the database, and counts by `sums`. */
  batches: string[];
  /** Adds the histograms of those that `chosen` chooses to their groups. */
  addHistograms(groupOf: (row: Omit<MetricRow, 'histogram'>) => Aggregate | undefined): void;
}

interface HistoryOptions {
  monitor: Monitor;
  store: HistoryStore;
  clock: () => Date;
  logger: HistoryLogger;
}

const FLUSH_EVERY_MS = 60_000;

/** Histograms that are written down in one turn of the event loop: about a millisecond. */
const ENTRIES_A_TURN = 20;

const MAX_SLOW_QUERIES = 1000;

/** Steps of deletion a run after somebody let everything begin anew. */
const MAX_DELETIONS = 400;

export type History = ReturnType<typeof createHistory>;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');

function slowQueryRow({ at, text, durationMs, rowCount, hash, trace }: SlowQuery): SlowQueryRow {
  const [, verb = 'other'] = /^\W*(\w+)/.exec(text) ?? [];
  const [, table = null] = /\b(?:from|into|update)\s+(\w+)/i.exec(text) ?? [];
  return {
    timestamp: at.toISOString(),
    query_type: verb.toLowerCase(),
    execution_time_ms: durationMs,
    query_text: text,
    table_name: table,
    user_id: trace?.viewerId ?? null,
    endpoint: trace?.operationName ?? null,
    row_count: rowCount,
    statement_hash: hash,
    client: trace?.client.name ?? null,
    request_id: trace?.id ?? null,
  };
}

/** Keeps what the monitor counts beyond the process: in the database, together with other processes. */
export function createHistory({ monitor, store, clock, logger }: HistoryOptions) {
  const pending = new PendingMetrics();
  let slowQueries: SlowQuery[] = [];
  let draining: Interval | null = null;
  let resetTime = '';
  let lastFlushAt: string | null = null;
  let failingSince: string | null = null;
  let failure: string | null = null;
  let running: Promise<void> = Promise.resolve();

  monitor.onSlowQuery((query) => {
    slowQueries.push(query);
    if (slowQueries.length > MAX_SLOW_QUERIES) slowQueries.shift();
  });

  /** Takes what was counted; until its last line, readers find it in `draining`. */
  async function drain(): Promise<void> {
    const interval = monitor.drain();
    draining = interval;
    const timestamp = interval.from.toISOString();
    const rows: MetricRow[] = [];
    for (const { aggregate, ...key } of interval.entries) {
      rows.push(metricRow(timestamp, key, aggregate.record()));
      if (rows.length % ENTRIES_A_TURN === 0) await nextTurn();
    }
    draining = null;
    if (timestamp >= resetTime) pending.add(rows);
  }

  /** Forgets what was counted before somebody let everything begin anew, in whichever process. */
  async function learnReset(): Promise<void> {
    const time = await store.findResetTime();
    if (time !== null && time > resetTime) begin(time);
  }

  function begin(time: string): void {
    resetTime = time;
    if (monitor.current().from.toISOString() < time) monitor.drain();
    monitor.forget();
    slowQueries = [];
    pending.forgetBefore(time);
  }

  async function writePending(): Promise<void> {
    for (let batch = pending.first; batch; batch = pending.first) {
      batch.wasTried = true;
      await store.insertMetrics(batch);
      pending.remove(batch);
    }
    while (slowQueries.length > 0) {
      const some = slowQueries.slice(0, 100);
      await store.insertSlowQueries(some.map(slowQueryRow));
      slowQueries = slowQueries.filter((query) => !some.includes(query));
    }
  }

  async function deleteForgotten(): Promise<void> {
    if (resetTime === '') return;
    for (let step = 0; step < MAX_DELETIONS; step += 1) {
      if ((await store.deleteBefore(resetTime)) === 0) return;
    }
  }

  function noteFailure(error: unknown): void {
    failure = messageOf(error);
    if (failingSince !== null) return;
    failingSince = clock().toISOString();
    logger.warn({ err: error }, 'The figures of the monitor can’t be written; they are kept');
  }

  function noteSuccess(): void {
    lastFlushAt = clock().toISOString();
    if (failingSince === null) return;
    const { lostCalls } = pending;
    logger.info({ failingSince, lostCalls }, 'The figures of the monitor are written again');
    failingSince = null;
    failure = null;
  }

  async function run(isLast: boolean): Promise<void> {
    try {
      await drain();
      // A process that did nothing has nothing to write when it stops.
      if (isLast && pending.size === 0 && slowQueries.length === 0) return;
      await learnReset();
      await writePending();
      if (!isLast) {
        await deleteForgotten();
        await tidy(store, clock().toISOString());
      }
      noteSuccess();
    } catch (error) {
      noteFailure(error);
    }
  }

  function next(isLast: boolean): Promise<void> {
    running = running.then(() => run(isLast));
    return running;
  }

  let isDue = true;
  const timer = setInterval(async () => {
    // A database that is slow gets one at a time.
    if (!isDue) return;
    isDue = false;
    await next(false);
    isDue = true;
  }, FLUSH_EVERY_MS);
  timer.unref();

  function* intervals(): Iterable<Interval> {
    if (draining) yield draining;
    yield monitor.current();
  }

  function unwritten(
    kind: MetricKind,
    isWanted: (row: Omit<MetricRow, 'histogram'>) => boolean,
  ): Unwritten {
    const waiting = pending.batches
      .flatMap(({ rows }) => rows)
      .filter((row) => row.metric_type === kind && isWanted(row));
    const counted: { sums: Omit<MetricRow, 'histogram'>; aggregate: Entry['aggregate'] }[] = [];
    for (const interval of intervals()) {
      const timestamp = interval.from.toISOString();
      for (const { aggregate, ...key } of interval.entries) {
        if (key.kind !== kind) continue;
        const { histogram: _none, ...sums } = metricRow(timestamp, key, {
          ...aggregate.sums(),
          histogram: {},
        });
        if (isWanted(sums)) counted.push({ sums, aggregate });
      }
    }
    return {
      sums: [
        ...waiting.map(({ histogram: _dear, ...sums }) => sums),
        ...counted.map(({ sums }) => sums),
      ],
      batches: pending.batches.filter(({ wasTried }) => wasTried).map(({ id }) => id),
      addHistograms(groupOf) {
        for (const row of waiting) {
          groupOf(row)?.merge({
            calls: row.calls,
            errors: row.errors,
            rows: row.row_count,
            hits: row.hits,
            totalMs: row.value,
            maxMs: row.max_value,
            histogram: row.histogram,
          });
        }
        for (const { sums, aggregate } of counted) groupOf(sums)?.absorb(aggregate);
      },
    };
  }

  return {
    /** Writes what was counted, and tidies up. It never throws: `state` tells. */
    flush: () => next(false),
    /** Writes what was counted for the last time. */
    async stop(): Promise<void> {
      clearInterval(timer);
      await next(true);
      if (pending.size > 0) {
        logger.warn({ entries: pending.size }, 'Figures of the monitor are lost with the process');
      }
    },
    /** Begins anew. The rows of the past are deleted later, and count no more. */
    reset: (time: Date) => begin(time.toISOString()),
    /** Nothing counts that began before; empty where nobody let everything begin anew. */
    get resetTime(): string {
      return resetTime;
    },
    unwritten,
    /** For how long the database has taken nothing, in seconds. */
    failingSeconds: (): number =>
      failingSince === null ? 0 : (clock().getTime() - Date.parse(failingSince)) / 1000,
    state: (): HistoryState => ({
      lastFlushAt,
      failingSince,
      failure,
      pendingEntries: pending.size,
      lostCalls: pending.lostCalls,
    }),
  };
}
