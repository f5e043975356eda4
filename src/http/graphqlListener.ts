import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import type { Logger } from 'pino';
import { afterBody, isShortJson } from './jsonRequest.ts';
import { logWhenAnswered } from './requestLog.ts';
import { originOf, type RequestOrigin } from './requestOrigin.ts';

/** Node's own two ends of a request. */
export interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
}

interface Options {
  /** Yoga's way from Node's request to Fetch's response. */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    context: RequestOrigin & Exchange,
  ): Response | Promise<Response>;
  trustProxy: boolean;
  isStopping(): boolean;
  /** The most bytes of a body that is read before Yoga is asked. */
  maxShortBytes: number;
  logger: Logger;
}

/** The text of a response that is one: whatwg-node keeps it so, as its own sender does. */
const textOf = (response: object): string | null =>
  'bodyInit' in response && typeof response.bodyInit === 'string' ? response.bodyInit : null;

/** Sends head and body at once. Everything but a text goes the server adapter's way. */
function send(answer: Response, request: IncomingMessage, response: ServerResponse): void {
  const text = textOf(answer);
  if (text === null) {
    // It is told by the response's own events when something fails.
    void sendNodeResponse(answer, response, request, true);
    return;
  }
  if (response.closed || response.destroyed || response.writableEnded) return;
  response.setHeaders(answer.headers);
  response.writeHead(answer.status, answer.statusText).end(text);
}

/** Answers requests by Yoga. Of a short one in JSON the body is read first, so that nothing waits for it later. */
export function createGraphqlListener(options: Options): RequestListener {
  const { answer, trustProxy, isStopping, maxShortBytes, logger } = options;
  return (request, response) => {
    const origin = originOf(request, trustProxy);
    // The log and the monitor name the request so.
    response.setHeader('x-request-id', origin.requestId);
    // Who keeps the connection would go on sending requests here.
    if (isStopping()) response.setHeader('connection', 'close');
    logWhenAnswered(logger, request, response, origin);
    // Yoga answers every error itself; what it throws is a fault of ours that nobody would see.
    const failed = (error: unknown): void => {
      logger.error({ requestId: origin.requestId, err: error }, 'A request was not answered');
      response.destroy();
    };
    const run = (): void => {
      try {
        const answered = answer(request, response, { ...origin, req: request, res: response });
        if (answered instanceof Promise) {
          answered.then((later) => send(later, request, response)).catch(failed);
        } else send(answered, request, response);
      } catch (error) {
        failed(error);
      }
    };
    if (isShortJson(request, maxShortBytes)) afterBody(request, run);
    else run();
  };
}
