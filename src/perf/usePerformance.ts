import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  getOperationAST,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { HoldKind } from './heldThread.ts';
import type { Monitor, OpenTrace } from './monitor.ts';
import { operationHashOf } from './operationHash.ts';
import { type Client, type Scope, type Trace, traceScope } from './trace.ts';
import { describeTrace, serverTiming } from './traceDescription.ts';
import { tracedErrors } from './tracedError.ts';

/** What the plugin reads of the request's context. */
interface TracedContext {
  requestId: string;
  viewer: { kind: string; user?: { id: number } } | null;
}

interface Options<Context> {
  monitor: Monitor;
  /** Whether the viewer may see what the request cost. */
  mayRead(context: Context): boolean;
}

/** Asks for `extensions.performance` and the header `Server-Timing`. */
export const PERFORMANCE_HEADER = 'x-performance';

/** The client chooses the names, and the monitor keeps them. */
const MAX_NAME_LENGTH = 100;

function clientOf(headers: Headers): Client {
  const read = (name: string): string | undefined =>
    (headers.get(`graphql-client-${name}`) ?? headers.get(`apollographql-client-${name}`))?.slice(
      0,
      MAX_NAME_LENGTH,
    );
  return { name: read('name') || 'unknown', version: read('version') || null };
}

interface Execution<Context> {
  document: DocumentNode;
  operationName?: string | null | undefined;
  contextValue: Context;
}

function noteOperation(trace: Trace, { document, operationName }: Execution<unknown>): void {
  const operation = getOperationAST(document, operationName);
  trace.operationName = operation?.name?.value.slice(0, MAX_NAME_LENGTH) ?? trace.operationName;
  trace.operationKind = operation?.operation ?? trace.operationKind;
  trace.operationHash = operationHashOf(document);
}

const codesOf = (errors: readonly GraphQLError[]): string[] =>
  errors.map(({ extensions }) => String(extensions?.code ?? ''));

/**
 * What a request runs in, as far as no resolver or batch has a scope of its own. Kept here and not by the request in a
 * WeakMap: what such a map has, and what leads back to its key, V8's quick collections of garbage take for alive.
 */
interface RequestScope extends Scope {
  opened: OpenTrace;
  /** Whether it is told what it cost. */
  isReader: boolean;
}

function requestScope(): RequestScope | null {
  const scope = traceScope.current();
  // Nothing else has an open trace.
  return scope && 'opened' in scope ? (scope as RequestScope) : null;
}

/**
 * Runs an event of a subscription, long after its request was answered, as an operation of its own
 * that has the name and id of the request.
 */
export async function traceEvent<Result extends ExecutionResult>(
  monitor: Monitor,
  execution: Execution<TracedContext & { request: Request }>,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  const opened = monitor.openTrace();
  const { trace } = opened;
  const { requestId, request, viewer } = execution.contextValue;
  trace.id = requestId;
  trace.client = clientOf(request.headers);
  trace.viewerId = viewer?.user?.id ?? null;
  noteOperation(trace, execution);
  try {
    const result = await traceScope.run({ trace, resolver: null, batch: null }, run);
    trace.failed = (result.errors ?? []).length > 0;
    trace.errorCodes = codesOf(result.errors ?? []);
    trace.errors = tracedErrors(result.errors ?? []);
    return result;
  } finally {
    trace.executeMs = performance.now() - trace.startedMs;
    opened.close();
  }
}

/** Does something at the end of what runs, whether it succeeds or not. What is synchronous stays so: a promise more costs each request. */
function afterwards(run: () => Promise<void> | void, end: () => void): Promise<void> | void {
  let pending: Promise<void> | void;
  try {
    pending = run();
  } catch (error) {
    end();
    throw error;
  }
  return pending ? pending.finally(end) : end();
}

/** Opens the trace of each request and closes it. Resolvers and statements add to it by themselves. */
export function usePerformance<Context extends TracedContext>({
  monitor,
  mayRead,
}: Options<Context>): Plugin<Context> {
  const { heldThread } = monitor;
  const current = (): Trace | null => traceScope.current()?.trace ?? null;

  /** Times a phase that makes nobody wait. */
  const timed =
    (kind: HoldKind, note: (trace: Trace, startedAt: number, endedAt: number) => void) =>
    (_payload: unknown, wrapped: () => void): void => {
      const trace = current();
      const startedAt = performance.now();
      const outerMs = heldThread.begin();
      try {
        wrapped();
      } finally {
        const endedAt = heldThread.end(trace, kind, kind, startedAt, outerMs);
        if (trace) note(trace, startedAt, endedAt);
      }
    };

  function noteExecution(execution: Execution<Context>): void {
    const trace = current();
    if (trace) noteOperation(trace, execution);
  }

  return {
    instrumentation: {
      request(_payload, wrapped) {
        const opened = monitor.openTrace();
        const { trace } = opened;
        const scope: RequestScope = { trace, resolver: null, batch: null, opened, isReader: false };
        return afterwards(() => traceScope.run(scope, wrapped), opened.close);
      },
      operation({ context, request }, wrapped) {
        const trace = current();
        if (trace) {
          trace.id = context.requestId;
          trace.client = clientOf(request.headers);
          trace.traceParent = request.headers.get('traceparent');
        }
        return wrapped();
      },
      parse: timed('parse', (trace, startedAt, endedAt) => {
        trace.phaseStartMs.parse ??= startedAt - trace.startedMs;
        trace.parseMs += endedAt - startedAt;
      }),
      validate: timed('validate', (trace, startedAt, endedAt) => {
        trace.phaseStartMs.validate ??= startedAt - trace.startedMs;
        trace.validateMs += endedAt - startedAt;
      }),
      execute(_payload, wrapped) {
        const trace = current();
        const startedAt = performance.now();
        if (trace) trace.phaseStartMs.execute ??= startedAt - trace.startedMs;
        const outerMs = heldThread.begin();
        let pending: ReturnType<typeof wrapped> | null = null;
        try {
          pending = wrapped();
        } finally {
          const endedAt = heldThread.end(trace, 'operation', 'operation', startedAt, outerMs);
          if (trace && !pending) trace.executeMs += endedAt - startedAt;
        }
        return pending?.finally(() => {
          if (trace) trace.executeMs += performance.now() - startedAt;
        });
      },
      resultProcess: timed('serialize', (trace, startedAt, endedAt) => {
        trace.serializeMs += endedAt - startedAt;
      }),
    },
    onExecute: ({ args }) => noteExecution(args),
    onSubscribe: ({ args }) => noteExecution(args),
    onExecutionResult({ result, request, context, setResult }) {
      const scope = requestScope();
      // A stream of results has no errors of its own.
      if (!scope || !result || Symbol.asyncIterator in result) return;
      const { opened } = scope;
      const errors = result.errors ?? [];
      opened.trace.failed = errors.length > 0;
      opened.trace.errorCodes = codesOf(errors);
      opened.trace.errors = tracedErrors(errors);
      // What was executed has made the server's context into the operation's.
      scope.isReader =
        request.headers.has(PERFORMANCE_HEADER) && mayRead(context as unknown as Context);
      if (scope.isReader) {
        const performance = describeTrace(opened.trace, opened.blame());
        setResult({ ...result, extensions: { ...result.extensions, performance } });
      }
    },
    onResponse({ response }) {
      const scope = requestScope();
      if (scope?.isReader) {
        response.headers.set('server-timing', serverTiming(scope.opened.trace));
      }
    },
  };
}
