import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { RequestOrigin } from './requestOrigin.ts';

const clientHeaders = ['graphql-client-name', 'apollographql-client-name'] as const;

/** What the client calls itself. It chooses the name, and the log keeps it. */
function clientNameOf({ headers }: IncomingMessage): string | null {
  const name = clientHeaders.map((header) => headers[header]).find(Boolean);
  return typeof name === 'string' ? name.slice(0, 100) : null;
}

/**
 * Writes a line when the request is answered. It has no variables, no credentials and no names of people:
 * of what was sent only the path without its query, which may hold an operation.
 */
export function logWhenAnswered(
  logger: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  { requestId, origin }: RequestOrigin,
): void {
  if (!logger.isLevelEnabled('info')) return;
  const startedAt = performance.now();
  response.once('close', () => {
    logger.info(
      {
        requestId,
        method: origin.method,
        operation: origin.operationName,
        client: clientNameOf(request),
        status: response.statusCode,
        durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
        ...(!response.writableFinished && { aborted: true }),
      },
      'Answered',
    );
  });
}
