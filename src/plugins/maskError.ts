import { PothosError } from '@pothos/core';
import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { ApiError, type ErrorCode } from '../errors.ts';
import { traceScope } from '../perf/trace.ts';

const coded = (error: GraphQLError, code: ErrorCode): GraphQLError => {
  error.extensions.code ??= code;
  return error;
};

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
      if (typeof error.extensions.code === 'string') return error;
      if (cause instanceof PothosError) return coded(error, 'BAD_USER_INPUT');
      // GraphQL's own: a value that does not fit its type.
      if (cause instanceof GraphQLError) return coded(error, 'BAD_USER_INPUT');
    }
    const requestId = traceScope.current()?.trace.id ?? null;
    logger.error({ requestId, err: cause }, 'A request failed unexpectedly');
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
