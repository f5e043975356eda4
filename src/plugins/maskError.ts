import { PothosError } from '@pothos/core';
import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { ApiError, type ErrorCode, errorCodes } from '../errors.ts';
import { traceScope } from '../perf/trace.ts';

const recoded = (error: GraphQLError, code: ErrorCode): GraphQLError => {
  error.extensions.code = code;
  return error;
};

const isErrorCode = (code: unknown): boolean =>
  typeof code === 'string' && Object.hasOwn(errorCodes, code);

/** The error that a located error wraps, if any. */
const causeOf = (error: unknown): unknown =>
  error instanceof GraphQLError && error.originalError ? causeOf(error.originalError) : error;

/**
 * Lets through what the client can act on, with a code. Everything else is logged with the request's
 * id, and only that id is returned.
 */
export function createMaskError(logger: Logger) {
  return (error: unknown): Error => {
    const cause = causeOf(error);
    if (error instanceof GraphQLError) {
      const { code } = error.extensions;
      if (isErrorCode(code)) return error;
      // Yoga has codes of its own for what is wrong with the HTTP request.
      if (typeof code === 'string') return recoded(error, 'BAD_REQUEST');
      if (cause instanceof PothosError) return recoded(error, 'BAD_USER_INPUT');
      // GraphQL's own: a value that does not fit its type.
      if (cause instanceof GraphQLError) return recoded(error, 'BAD_USER_INPUT');
    }
    // JSON in the query string, which Yoga reads before there is an operation.
    if (error instanceof SyntaxError && !traceScope.current()?.trace.id) {
      return new ApiError('BAD_REQUEST', `The request cannot be read: ${error.message}`, {
        http: { status: 400 },
      });
    }
    const requestId = traceScope.current()?.trace.id || null;
    logger.error({ err: cause }, 'A request failed unexpectedly');
    const masked = new ApiError(
      'INTERNAL_SERVER_ERROR',
      'Something went wrong here. The log has the cause under this request id.',
      { requestId },
    );
    if (!(error instanceof GraphQLError)) return masked;
    return new GraphQLError(masked.message, {
      extensions: masked.extensions,
      ...(error.path && { path: error.path }),
      ...(error.nodes && { nodes: error.nodes }),
    });
  };
}
