import { type DocumentNode, type ExecutionResult, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Monitor } from './monitor.ts';
import { newTrace, type Trace, traceScope } from './trace.ts';

/** What the plugin reads of the request's context. */
interface TracedContext {
  requestId: string;
  viewer?: { kind: string; user?: { id: number } } | null;
}

interface Options {
  monitor: Monitor;
  clock: () => Date;
}

interface Execution {
  document: DocumentNode;
  operationName?: string | null | undefined;
  contextValue: TracedContext;
}

/** The client chooses the name, and the monitor keeps it. */
const nameOf = (document: DocumentNode, operationName?: string | null): string | undefined =>
  getOperationAST(document, operationName)?.name?.value.slice(0, 100);

function noteOperation({ document, operationName, contextValue }: Execution): void {
  const trace = traceScope.current()?.trace;
  if (!trace) return;
  trace.operationName = nameOf(document, operationName) ?? trace.operationName;
  trace.viewerId = contextValue.viewer?.user?.id ?? null;
}

type Phase = 'parseMs' | 'validateMs' | 'executeMs';

const addTo = (phase: Phase, startedAt: number): void => {
  const trace = traceScope.current()?.trace;
  if (trace) trace[phase] += performance.now() - startedAt;
};

const timed = (phase: Phase) => (_payload: unknown, wrapped: () => void) => {
  const startedAt = performance.now();
  wrapped();
  addTo(phase, startedAt);
};

const timedAsync = (phase: Phase) => async (_payload: unknown, wrapped: () => unknown) => {
  const startedAt = performance.now();
  await wrapped();
  addTo(phase, startedAt);
};

/** Runs what belongs to a trace, and records it. */
async function recorded<Result>(
  monitor: Monitor,
  trace: Trace,
  run: () => Result,
): Promise<Awaited<Result>> {
  const startedAt = performance.now();
  try {
    return await traceScope.run(trace, run);
  } finally {
    trace.totalMs = performance.now() - startedAt;
    monitor.recordTrace(trace);
  }
}

/**
 * Runs an event of a subscription, long after its request was answered, as an operation of its own
 * that has the name and id of the request.
 */
export async function traceEvent<Result extends ExecutionResult>(
  { monitor, clock }: Options,
  { document, operationName, contextValue }: Execution,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  const trace = newTrace({
    id: contextValue.requestId,
    startedAt: clock(),
    operationName: nameOf(document, operationName) ?? 'anonymous',
    viewerId: contextValue.viewer?.user?.id ?? null,
  });
  return recorded(monitor, trace, async () => {
    const startedAt = performance.now();
    const result = await run();
    trace.executeMs = performance.now() - startedAt;
    trace.failed = (result.errors ?? []).length > 0;
    return result;
  });
}

/** Opens the trace of each operation and closes it. Resolvers and statements add to it by themselves. */
export function usePerformance({ monitor, clock }: Options): Plugin<TracedContext> {
  return {
    instrumentation: {
      async operation({ context }, wrapped) {
        const begun = { id: context.requestId, startedAt: clock() };
        const trace = newTrace({ ...begun, operationName: 'anonymous', viewerId: null });
        await recorded(monitor, trace, wrapped);
      },
      parse: timed('parseMs'),
      validate: timed('validateMs'),
      execute: timedAsync('executeMs'),
    },
    onExecute: ({ args }) => noteOperation(args),
    onSubscribe: ({ args }) => noteOperation(args),
    onExecutionResult({ result }) {
      const trace = traceScope.current()?.trace;
      // A stream of results has no errors of its own.
      if (trace && result && 'errors' in result) {
        trace.failed = ((result as ExecutionResult).errors ?? []).length > 0;
      }
    },
  };
}
