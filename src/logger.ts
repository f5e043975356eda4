import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { traceScope } from './perf/trace.ts';

/**
 * An error as the log has it. Drivers add properties of their own, such as PostgreSQL's `detail`, which
 * quotes the row: those stay out.
 */
function shown(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return {
    type: error.constructor.name,
    message: error.message,
    stack: error.stack,
    ...('code' in error && { code: error.code }),
    ...(error.cause !== undefined && { cause: shown(error.cause) }),
  };
}

/** Lines of JSON. Whatever a request causes has its id. */
export function createLogger(level: Config['logLevel'], destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      serializers: { err: shown },
      mixin() {
        const trace = traceScope.current()?.trace;
        return trace?.id ? { requestId: trace.id } : {};
      },
    },
    destination,
  );
}
