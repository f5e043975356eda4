import type { Plugin } from 'graphql-yoga';

/** What the HTTP server knows of a request. */
export interface RequestOrigin {
  requestId: string;
  clientIp: string | null;
}

/** Names the request in its answer, as the log and the monitor name it. */
export const useRequestId = (): Plugin<object, RequestOrigin> => ({
  onResponse({ response, serverContext }) {
    response.headers.set('x-request-id', serverContext.requestId);
  },
});
