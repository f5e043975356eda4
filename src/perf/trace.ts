import { AsyncLocalStorage } from 'node:async_hooks';
import type { FieldNode } from 'graphql';
import type { Blame } from './blame.ts';
import type { TracedError } from './tracedError.ts';

/** Who sent the operation, as it says of itself. */
export interface Client {
  name: string;
  version: string | null;
}

/** All calls of a resolver at one place of the operation, list indexes left out. */
export interface ResolverSpan {
  /** `jobs.edges.*.node.user`. */
  path: string;
  /** `Type.field`. */
  field: string;
  calls: number;
  failed: number;
  /** When the first call began, in milliseconds since the trace did. */
  startMs: number;
  /** When the last call ended. */
  endMs: number;
  totalMs: number;
  maxMs: number;
  /** Its own path: what it sends is sent for itself. */
  readonly askers: ReadonlySet<string>;
  /** What it runs in: made once, since a page calls a resolver for each of its rows. */
  readonly scope: Scope;
}

/** What a loader sent off together, capped batches included. */
export interface Dispatch {
  loader: string;
  /** The paths of the resolvers that asked for a key in it. */
  askers: Set<string>;
  /** How often a key was asked for that was there already. */
  hits: number;
}

/** One batch of a dispatch: one statement, as a rule. */
export interface BatchSpan {
  dispatch: Dispatch;
  keyCount: number;
  startMs: number;
  durationMs: number;
  failed: boolean;
}

/** A statement of a request. */
export interface StatementSpan {
  /** The fingerprint's id. */
  hash: string;
  /** The text, its values replaced by `?`. */
  text: string;
  startMs: number;
  durationMs: number;
  /** How long it waited for a connection before that. */
  waitedMs: number;
  rowCount: number;
  failed: boolean;
  batch: BatchSpan | null;
  /** The paths of the resolvers that it was sent for. */
  askers: ReadonlySet<string>;
}

/** What one operation did. Times within it are milliseconds since it began. */
export interface Trace {
  /** The request's id. */
  id: string;
  startedAt: Date;
  /** The same moment by performance.now(). */
  startedMs: number;
  release: string;
  operationName: string;
  /** Of the operation without its values: the same for the same text in every process. */
  operationHash: string;
  operationKind: 'query' | 'mutation' | 'subscription';
  client: Client;
  viewerId: number | null;
  /** The caller's W3C `traceparent`, as it came. */
  traceParent: string | null;
  /** When its phases began; null for those that it did not come to. */
  phaseStartMs: Record<'parse' | 'validate' | 'execute', number | null>;
  parseMs: number;
  validateMs: number;
  executeMs: number;
  serializeMs: number;
  totalMs: number;
  /** At most so long it lay unread before, since others held the thread. */
  queuedMs: number;
  /** How long it held the thread itself, in the parts that are measured. */
  heldMs: number;
  failed: boolean;
  /** The codes of its errors. */
  errorCodes: string[];
  /** The first of them. */
  errors: readonly TracedError[];
  statements: StatementSpan[];
  /** All that were sent, kept as spans or not. */
  statementCount: number;
  resolvers: Map<string, ResolverSpan>;
  /** The same by the nodes of the field, which the entries of a list share. */
  places: Map<readonly FieldNode[], ResolverSpan>;
  batches: BatchSpan[];
  /** Null as long as it runs. */
  blame: Blame | null;
  isClosed: boolean;
}

/** Where in which request the process is. */
export interface Scope {
  trace: Trace;
  resolver: ResolverSpan | null;
  batch: BatchSpan | null;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Says whose the request is that runs. */
export function noteViewer(id: number | null): void {
  const trace = scopes.getStore()?.trace;
  if (trace) trace.viewerId = id;
}

/** The request that runs, and the place in it. */
export const traceScope = {
  run: <Arguments extends unknown[], Result>(
    scope: Scope,
    run: (...args: Arguments) => Result,
    ...args: Arguments
  ): Result => scopes.run(scope, run, ...args),
  /** Runs what is counted nowhere. */
  outside: <Result>(run: () => Result): Result => scopes.exit(run),
  current: (): Scope | undefined => scopes.getStore(),
};
