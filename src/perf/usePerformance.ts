import { type ExecutionResult, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Monitor } from './monitor.ts';
import { type Trace, traceScope } from './trace.ts';

/** What the plugin reads of the request's context. */
interface TracedContext {
  requestId: string;
  viewer?: { user?: { id: number } } | null;
}

interface Options {
  monitor: Monitor;
  clock: () => Date;
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

/** Opens the trace of each operation and closes it. Resolvers and statements add to it by themselves. */
export function usePerformance({ monitor, clock }: Options): Plugin<TracedContext> {
  return {
    instrumentation: {
      async operation({ context }, wrapped) {
        const trace: Trace = {
          id: context.requestId,
          startedAt: clock(),
          operationName: 'anonymous',
          viewerId: null,
          parseMs: 0,
          validateMs: 0,
          executeMs: 0,
          totalMs: 0,
          failed: false,
          statements: [],
          resolvers: new Map(),
        };
        const startedAt = performance.now();
        try {
          await traceScope.run(trace, wrapped);
        } finally {
          trace.totalMs = performance.now() - startedAt;
          monitor.recordTrace(trace);
        }
      },
      parse: timed('parseMs'),
      validate: timed('validateMs'),
      execute: timedAsync('executeMs'),
    },
    onExecute({ args }) {
      const trace = traceScope.current()?.trace;
      if (!trace) return;
      const operation = getOperationAST(args.document, args.operationName);
      // The client chooses the name, and the monitor keeps it.
      trace.operationName = operation?.name?.value.slice(0, 100) ?? trace.operationName;
      trace.viewerId = args.contextValue.viewer?.user?.id ?? null;
    },
    onExecutionResult({ result }) {
      const trace = traceScope.current()?.trace;
      // A stream of results has no errors of its own.
      if (trace && result && 'errors' in result) {
        trace.failed = ((result as ExecutionResult).errors ?? []).length > 0;
      }
    },
  };
}
