import { performance } from 'node:perf_hooks';
import { type Blame, blameFor } from './blame.ts';
import { fingerprintOf } from './fingerprint.ts';
import { HeldThread, SHORTEST_HOLD_MS } from './heldThread.ts';
import { Interval, type MetricKey, type MetricKind, type TotalName } from './interval.ts';
import { KeptTraces } from './keptTraces.ts';
import { RecentFigures } from './recentFigures.ts';
import { StatementLedger } from './statementLedger.ts';
import { type BatchSpan, type Dispatch, type Trace, traceScope } from './trace.ts';

/** A statement as the database layer reports it; the monitor knows nothing else of that layer. */
export interface ReportedStatement {
  sql: string;
  bindings: readonly unknown[];
  /** performance.now() when the driver was called. */
  startedAt: number;
  durationMs: number;
  /** How long it waited for a connection before; null where it had one already. */
  waitedMs: number | null;
  rowCount: number;
  failed: boolean;
  /** Whether it held the thread, as an embedded database does. */
  holdsThread: boolean;
}

/** A statement over the threshold. */
export interface SlowQuery {
  at: Date;
  /** As it was sent, with its values: for its plan. Not to be shown. */
  sql: string;
  bindings: readonly unknown[];
  hash: string;
  /** The text, its values replaced by `?`. */
  text: string;
  durationMs: number;
  waitedMs: number;
  rowCount: number;
  failed: boolean;
  batch: BatchSpan | null;
  askers: ReadonlySet<string>;
  /** The request that sent it; null where none did. */
  trace: Trace | null;
}

/** A trace that runs. */
export interface OpenTrace {
  trace: Trace;
  /** Where its time went until now. */
  blame(): Blame;
  /** Ends it and counts it. */
  close(): void;
}

interface MonitorOptions {
  clock: () => Date;
  /** Statements and requests that take longer, in milliseconds, are kept. */
  slowQueryMs: number;
  /** The share of the other requests that is kept, 0 to 1. */
  sampleRate: number;
  release: string;
}

const MAX_SLOW_QUERIES = 200;

/** Statements that a trace keeps as spans; beyond, they are only counted. */
const MAX_STATEMENT_SPANS = 500;

const nobody: ReadonlySet<string> = new Set();

export type Monitor = ReturnType<typeof createMonitor>;

/** Takes what is reported, books it to the request that it belongs to, and folds it into aggregates. */
export function createMonitor({ clock, slowQueryMs, sampleRate, release }: MonitorOptions) {
  const heldThread = new HeldThread();
  const keptTraces = new KeptTraces();
  const traceListeners = new Set<(trace: Trace) => void>();
  const slowQueryListeners = new Set<(query: SlowQuery) => void>();
  const slow: SlowQuery[] = [];
  const since = clock();
  const ledger = new StatementLedger();
  const recent = new RecentFigures(since, slowQueryMs);
  let interval = new Interval(since);
  let openCount = 0;
  let openings = 0;

  function count(key: MetricKey, durationMs: number, failed: boolean, rows: number): void {
    interval.add(key, durationMs, failed, rows);
  }

  const keyFor = (kind: MetricKind, name: string, trace: Trace | null, hash = ''): MetricKey => ({
    kind,
    name,
    hash,
    operation: trace?.operationName ?? '',
    client: trace?.client.name ?? '',
  });

  function countTotal(name: TotalName, durationMs: number, failed: boolean, rows: number): void {
    count({ kind: 'total', name, hash: '', operation: '', client: '' }, durationMs, failed, rows);
  }

  function keepSlow(query: SlowQuery): void {
    countTotal('slowStatement', query.durationMs, query.failed, query.rowCount);
    slow.push(query);
    if (slow.length > MAX_SLOW_QUERIES) slow.shift();
    for (const listener of slowQueryListeners) listener(query);
  }

  function recordStatement(statement: ReportedStatement): void {
    const { sql, bindings, startedAt, durationMs, waitedMs, rowCount, failed } = statement;
    const fingerprint = fingerprintOf(sql);
    const { id: hash, text } = fingerprint;
    const scope = traceScope.current();
    const trace = scope?.trace ?? null;
    const batch = scope?.batch ?? null;
    const askers = batch?.dispatch.askers ?? scope?.resolver?.askers ?? nobody;
    count(keyFor('statement', text, trace, hash), durationMs, failed, rowCount);
    if (!failed) ledger.add(fingerprint, rowCount);
    recent.addStatement(durationMs, failed, text, trace);
    countTotal('statement', durationMs, failed, rowCount);
    if (waitedMs !== null) count(keyFor('connection', 'wait', trace), waitedMs, false, 0);
    if (statement.holdsThread) {
      heldThread.add(trace, 'statement', text, startedAt, startedAt + durationMs);
    }
    const query = {
      hash,
      text,
      durationMs,
      waitedMs: waitedMs ?? 0,
      rowCount,
      failed,
      batch,
      askers,
    };
    if (trace && !trace.isClosed) {
      trace.statementCount += 1;
      if (trace.statements.length < MAX_STATEMENT_SPANS) {
        trace.statements.push({ ...query, startMs: startedAt - trace.startedMs });
      }
    }
    if (durationMs >= slowQueryMs) keepSlow({ ...query, at: clock(), sql, bindings, trace });
  }

  /** Books what `run` sends to a loader's batch. */
  async function runBatch<Result>(
    dispatch: Dispatch,
    keyCount: number,
    run: () => Promise<Result>,
  ): Promise<Result> {
    const scope = traceScope.current();
    const trace = scope?.trace ?? null;
    const startedAt = performance.now();
    const startMs = startedAt - (trace?.startedMs ?? startedAt);
    const batch: BatchSpan = { dispatch, keyCount, startMs, durationMs: 0, failed: true };
    try {
      const result = await (trace ? traceScope.run({ trace, resolver: null, batch }, run) : run());
      batch.failed = false;
      return result;
    } finally {
      batch.durationMs = performance.now() - startedAt;
      if (trace && !trace.isClosed) trace.batches.push(batch);
      count(keyFor('loader', dispatch.loader, trace), batch.durationMs, batch.failed, keyCount);
    }
  }

  function fold(trace: Trace): void {
    const { operationName, operationHash, totalMs, failed } = trace;
    count(
      keyFor('operation', operationName, trace, operationHash),
      totalMs,
      failed,
      trace.statementCount,
    );
    recent.addRequest(trace);
    countTotal('operation', totalMs, failed, trace.statementCount);
    // A dispatch has a batch for each time that it was capped.
    for (const { loader, hits } of new Set(trace.batches.map(({ dispatch }) => dispatch))) {
      if (hits > 0) interval.addHits(keyFor('loader', loader, trace), hits);
    }
    for (const span of trace.resolvers.values()) {
      // The calls of one place in one request are one entry: its mean is what the request waited for.
      count(keyFor('resolver', span.field, trace), span.totalMs, span.failed > 0, span.calls);
    }
    for (const { name, operationName: culprit, lostMs } of trace.blame?.entries ?? []) {
      count(
        { kind: 'blame', name, hash: '', operation: culprit ?? '', client: '' },
        lostMs,
        false,
        1,
      );
    }
    if (totalMs + trace.queuedMs >= slowQueryMs) keptTraces.add('slow', trace);
    else if (failed) keptTraces.add('failed', trace);
    else if (Math.random() < sampleRate) keptTraces.add('sampled', trace);
    for (const listener of traceListeners) listener(trace);
  }

  function openTrace(): OpenTrace {
    const startedMs = performance.now();
    const loopAtStart = performance.eventLoopUtilization();
    const turnAtStart = heldThread.turn();
    const queuedMs = startedMs - heldThread.unreadSince(startedMs, turnAtStart);
    const isFirst = openCount === 0;
    openCount += 1;
    openings += 1;
    const opening = openings;
    const trace: Trace = {
      id: '',
      startedAt: clock(),
      startedMs,
      release,
      operationName: 'anonymous',
      operationHash: '',
      operationKind: 'query',
      client: { name: 'unknown', version: null },
      viewerId: null,
      traceParent: null,
      phaseStartMs: { parse: null, validate: null, execute: null },
      parseMs: 0,
      validateMs: 0,
      executeMs: 0,
      serializeMs: 0,
      totalMs: 0,
      queuedMs,
      heldMs: 0,
      failed: false,
      errorCodes: [],
      errors: [],
      statements: [],
      statementCount: 0,
      resolvers: new Map(),
      places: new Map(),
      batches: [],
      blame: null,
      isClosed: false,
    };
    const blameUntil = (to: number): Blame => {
      const loop = performance.eventLoopUtilization(loopAtStart);
      // Where no other request was open, or the loop did not go round, all that it did was for this one.
      const wasAlone = (isFirst && openings === opening) || heldThread.turn() === turnAtStart;
      const from = startedMs - queuedMs;
      const ownMs = wasAlone ? Math.max(trace.heldMs, loop.active) : trace.heldMs;
      // Of what was done while it was alone, garbage collected too, nothing is somebody else's.
      const until = wasAlone ? startedMs : to;
      const holds = until - from < SHORTEST_HOLD_MS ? [] : heldThread.between(from, until);
      return blameFor({ id: trace.id, from, to, ownMs, idleMs: loop.idle }, holds);
    };
    return {
      trace,
      blame: () => blameUntil(performance.now()),
      close() {
        if (trace.isClosed) return;
        const endedAt = performance.now();
        trace.isClosed = true;
        trace.totalMs = endedAt - startedMs;
        openCount -= 1;
        // It asked for something else: the playground, or what a browser asks first.
        if (trace.id === '') return;
        trace.blame = blameUntil(endedAt);
        if (heldThread.turn() === turnAtStart) {
          heldThread.note(trace, 'operation', trace.operationName, startedMs, endedAt);
        }
        fold(trace);
      },
    };
  }

  return {
    heldThread,
    /** Each statement's calls and rows since the process began. */
    ledger,
    /** The last hour, without names. */
    recent,
    slowQueryMs,
    recordStatement,
    openTrace,
    runBatch,
    /** Where the resolver that runs now stands in its operation; null outside of one. */
    asker: (): string | null => traceScope.current()?.resolver?.path ?? null,
    /** A sample of a state, in the unit that its name ends with. */
    recordGauge(name: string, value: number): void {
      recent.addSample(name, value);
      count({ kind: 'gauge', name, hash: '', operation: '', client: '' }, value, false, 0);
    },
    /** Told of each trace when it is closed. What it does is on the request's path: it has to be short. */
    onTrace(listener: (trace: Trace) => void): void {
      traceListeners.add(listener);
    },
    onSlowQuery(listener: (query: SlowQuery) => void): void {
      slowQueryListeners.add(listener);
    },
    /** What was counted since the last time, which begins anew. */
    drain(): Interval {
      const drained = interval;
      interval = new Interval(clock());
      return drained;
    },
    /** What was counted and is not drained yet. */
    current: (): Interval => interval,
    trace: (id: string) => keptTraces.find(id),
    traces: () => keptTraces.all(),
    /** The slowest first. */
    slowQueries: (limit: number): SlowQuery[] =>
      slow.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, limit),
    /** Forgets the slow statements and the traces. */
    forget(): void {
      slow.length = 0;
      keptTraces.clear();
    },
  };
}
