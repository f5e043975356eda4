import { AsyncLocalStorage } from 'node:async_hooks';

/** The loader batch that a statement was sent for. */
export interface Batch {
  loader: string;
  keyCount: number;
}

/** A statement of a request. */
export interface StatementSpan {
  fingerprintId: string;
  /** The text, its values replaced by `?`. */
  text: string;
  durationMs: number;
  rowCount: number;
  failed: boolean;
  batch: Batch | null;
}

/** All calls of a resolver at one place of the operation, list indexes left out. */
export interface ResolverSpan {
  path: string;
  /** `Type.field`. */
  field: string;
  calls: number;
  totalMs: number;
  maxMs: number;
  failed: number;
}

/** What one operation did. */
export interface Trace {
  id: string;
  startedAt: Date;
  operationName: string;
  viewerId: number | null;
  parseMs: number;
  validateMs: number;
  executeMs: number;
  totalMs: number;
  failed: boolean;
  statements: StatementSpan[];
  resolvers: Map<string, ResolverSpan>;
}

interface Scope {
  trace: Trace;
  batch: Batch | null;
}

const scopes = new AsyncLocalStorage<Scope>();

export const traceScope = {
  /** Runs everything that belongs to a request. */
  run: <Result>(trace: Trace, run: () => Result): Result => scopes.run({ trace, batch: null }, run),
  /** Runs a loader's batch, so that its statement is booked to it. */
  runBatch<Result>(batch: Batch, run: () => Result): Result {
    const scope = scopes.getStore();
    return scope ? scopes.run({ trace: scope.trace, batch }, run) : run();
  },
  /** Runs what is counted nowhere. */
  outside: <Result>(run: () => Result): Result => scopes.exit(run),
  current: (): Scope | undefined => scopes.getStore(),
};

/** A trace in which nothing has happened yet. */
export const newTrace = (
  begun: Pick<Trace, 'id' | 'startedAt' | 'operationName' | 'viewerId'>,
): Trace => ({
  ...begun,
  parseMs: 0,
  validateMs: 0,
  executeMs: 0,
  totalMs: 0,
  failed: false,
  statements: [],
  resolvers: new Map(),
});
