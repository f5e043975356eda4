import type { RequestListener } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import { isPromise } from 'graphql-yoga';
import type { Logger } from 'pino';
import { isShortJson, readText } from './jsonRequest.ts';
import type { AnswerRequest, Exchange } from './leanYoga.ts';
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
function send(
  answer: Response,
  { req, res }: Exchange,
  ownHeaders: readonly (readonly [string, string])[],
): void {
  const text = textOf(answer);
  if (text === null) {
    for (const [name, value] of ownHeaders) res.setHeader(name, value);
    // It is told by the response's own events when something fails.
    void sendNodeResponse(answer, res, req, true);
    return;
  }
  if (res.closed || res.destroyed || res.writableEnded) return;
  // Node writes a list as it is; what is set one by one it looks up again.
  const headers = ownHeaders.flat();
  answer.headers.forEach((value, name) => {
    headers.push(name, value);
  });
  res.writeHead(answer.status, answer.statusText, headers).end(text);
}

/** Answers requests by Yoga. Of a short one in JSON the body is read first, so that nothing waits for it later. */
export function createGraphqlListener(options: Options): RequestListener {
  const { answer, trustProxy, isStopping, maxShortBytes, logger } = options;
  return (request, response) => {
    const origin = originOf(request, trustProxy);
    const exchange = { req: request, res: response };
    const finish = (answered: Response): void =>
      send(answered, exchange, [
        // The log and the monitor name the request so.
        ['x-request-id', origin.requestId],
        // Who keeps the connection would go on sending requests here.
        ...(isStopping() ? [['connection', 'close'] as const] : []),
      ]);
    logWhenAnswered(logger, request, response, origin);
    // Yoga answers every error itself; what it throws is a fault of ours that nobody would see.
    const failed = (error: unknown): void => {
      logger.error({ requestId: origin.requestId, err: error }, 'A request was not answered');
      response.destroy();
    };
    const run = (text: string | null): void => {
      try {
        const answered = answer(exchange, origin, text);
        if (isPromise(answered)) Promise.resolve(answered).then(finish).catch(failed);
        else finish(answered);
      } catch (error) {
        failed(error);
      }
    };
    if (isShortJson(request, maxShortBytes)) readText(request, run);
    else run(null);
  };
}
