import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import { isPromise } from 'graphql-yoga';
import type { Logger } from 'pino';
import { isShortJson, readText } from './jsonRequest.ts';
import type { AnswerRequest } from './leanYoga.ts';
import { logWhenAnswered } from './requestLog.ts';
import { originOf, type RequestOrigin } from './requestOrigin.ts';

interface Options {
  answer: AnswerRequest<RequestOrigin>;
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
    const run = (text: string | null): void => {
      try {
        const answered = answer({ req: request, res: response }, origin, text);
        if (isPromise(answered)) {
          Promise.resolve(answered)
            .then((later) => send(later, request, response))
            .catch(failed);
        } else send(answered, request, response);
      } catch (error) {
        failed(error);
      }
    };
    if (isShortJson(request, maxShortBytes)) readText(request, run);
    else run(null);
  };
}
