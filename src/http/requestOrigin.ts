import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Origin } from '../auth/audit.ts';

/** What the HTTP server knows of a request. */
export interface RequestOrigin {
  requestId: string;
  origin: Origin;
}

/** What an id may be, so that it is safe in a log and a header. */
const requestIdPattern = /^[\w.:-]{1,100}$/;

/** The id that our own proxy gave, or a new one. */
function requestIdOf({ headers }: IncomingMessage, trustProxy: boolean): string {
  const given = trustProxy ? headers['x-request-id'] : undefined;
  return typeof given === 'string' && requestIdPattern.test(given) ? given : randomUUID();
}

/** The address of the client: the nearest one that our own proxy saw, or the socket's. */
function clientIpOf({ headers, socket }: IncomingMessage, trustProxy: boolean): string | null {
  const forwarded = trustProxy ? headers['x-forwarded-for'] : undefined;
  const nearest = String(forwarded ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  return nearest || (socket.remoteAddress ?? null);
}

export function originOf(request: IncomingMessage, trustProxy: boolean): RequestOrigin {
  return {
    requestId: requestIdOf(request, trustProxy),
    origin: {
      clientIp: clientIpOf(request, trustProxy),
      userAgent: request.headers['user-agent'] ?? null,
      operationName: null,
      method: request.method ?? '',
    },
  };
}
