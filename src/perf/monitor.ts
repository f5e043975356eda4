import { LRUCache } from 'lru-cache';
import { Aggregate, type AggregateFigures } from './aggregate.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Batch, type Trace, traceScope } from './trace.ts';

/** A statement as the database layer reports it; the monitor knows nothing else of that layer. */
export interface ReportedStatement {
  sql: string;
  durationMs: number;
  rowCount: number;
  failed: boolean;
}

/** A statement over the threshold. */
export interface SlowQuery {
  at: Date;
  traceId: string | null;
  operationName: string | null;
  viewerId: number | null;
  /** The text, its values replaced by `?`. */
  text: string;
  durationMs: number;
  rowCount: number;
  batch: Batch | null;
}

export const metricKinds = ['operation', 'resolver', 'statement', 'loader'] as const;

export type MetricKind = (typeof metricKinds)[number];

export interface Metric extends AggregateFigures {
  kind: MetricKind;
  name: string;
}

export interface Summary {
  since: Date;
  requests: AggregateFigures;
  statements: AggregateFigures;
  slowQueryCount: number;
  slowQueryMs: number;
}

export interface Monitor {
  recordStatement(statement: ReportedStatement): void;
  recordTrace(trace: Trace): void;
  /** Books what `run` sends to a loader. */
  runBatch<Result>(loader: string, keyCount: number, run: () => Promise<Result>): Promise<Result>;
  summary(): Summary;
  /** The slowest first. */
  slowQueries(limit: number): SlowQuery[];
  /** What took most time in all first. */
  metrics(kind: MetricKind, limit: number): Metric[];
}

interface MonitorOptions {
  clock: () => Date;
  slowQueryMs: number;
}

/** Names of a kind that are kept; beyond, those that were not seen for longest are forgotten. */
const MAX_NAMES = 2000;
const MAX_SLOW_QUERIES = 200;

export function createMonitor({ clock, slowQueryMs }: MonitorOptions): Monitor {
  const since = clock();
  const requests = new Aggregate();
  const statements = new Aggregate();
  const slow: SlowQuery[] = [];
  let slowQueryCount = 0;
  const named = new Map(
    metricKinds.map((kind) => [kind, new LRUCache<string, Aggregate>({ max: MAX_NAMES })]),
  );

  function aggregate(kind: MetricKind, name: string): Aggregate {
    const ofKind = named.get(kind);
    let found = ofKind?.get(name);
    if (!found) {
      found = new Aggregate();
      ofKind?.set(name, found);
    }
    return found;
  }

  function keepSlow(query: SlowQuery): void {
    slowQueryCount += 1;
    slow.push(query);
    if (slow.length > MAX_SLOW_QUERIES) slow.shift();
  }

  return {
    recordStatement({ sql, durationMs, rowCount, failed }) {
      const { id, text } = fingerprintOf(sql);
      const scope = traceScope.current();
      const batch = scope?.batch ?? null;
      statements.add(durationMs, { failed, rows: rowCount });
      aggregate('statement', text).add(durationMs, { failed, rows: rowCount });
      scope?.trace.statements.push({
        fingerprintId: id,
        text,
        durationMs,
        rowCount,
        failed,
        batch,
      });
      if (durationMs < slowQueryMs) return;
      keepSlow({
        at: clock(),
        traceId: scope?.trace.id ?? null,
        operationName: scope?.trace.operationName ?? null,
        viewerId: scope?.trace.viewerId ?? null,
        text,
        durationMs,
        rowCount,
        batch,
      });
    },
    recordTrace(trace) {
      requests.add(trace.totalMs, { failed: trace.failed });
      aggregate('operation', trace.operationName).add(trace.totalMs, { failed: trace.failed });
      for (const { field, calls, totalMs, failed } of trace.resolvers.values()) {
        // The calls of one place in one request are one entry: its mean is what the request waited for.
        aggregate('resolver', field).add(totalMs, { failed: failed > 0, rows: calls });
      }
    },
    async runBatch(loader, keyCount, run) {
      const startedAt = performance.now();
      let failed = true;
      try {
        const result = await traceScope.runBatch({ loader, keyCount }, run);
        failed = false;
        return result;
      } finally {
        aggregate('loader', loader).add(performance.now() - startedAt, { failed, rows: keyCount });
      }
    },
    summary: () => ({
      since,
      requests: requests.figures(),
      statements: statements.figures(),
      slowQueryCount,
      slowQueryMs,
    }),
    slowQueries: (limit) => slow.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, limit),
    metrics: (kind, limit) =>
      [...(named.get(kind)?.entries() ?? [])]
        .sort(([, a], [, b]) => b.totalMs - a.totalMs)
        .slice(0, limit)
        .map(([name, found]) => ({ kind, name, ...found.figures() })),
  };
}
