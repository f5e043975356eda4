import type { FetchAPI, Plugin } from 'graphql-yoga';
import type { Authenticator } from '../auth/viewer.ts';
import { ApiError } from '../errors.ts';
import type { Exchange } from '../http/leanYoga.ts';

/** Of what anybody may send, before it is known who asks. */
export const MAX_BODY_BYTES = 1_000_000;

/** Of a multipart request with a transcript, which workers alone may send: ten hours with every token. */
export const MAX_UPLOAD_BYTES = 48_000_000;

/** How many larger bodies are in memory at once; who comes later waits before theirs is read. */
const MAX_LARGE_UPLOADS = 2;

const tooLarge = (isUpload: boolean): ApiError =>
  isUpload
    ? new ApiError(
        'TRANSCRIPT_TOO_LARGE',
        `The request has more than ${MAX_UPLOAD_BYTES} bytes, the most for a transcript.`,
        { limit: MAX_UPLOAD_BYTES, http: { status: 413 } },
      )
    : new ApiError(
        'BAD_REQUEST',
        `The request has more than ${MAX_BODY_BYTES} bytes. A long transcript is sent as a file, by a multipart request.`,
        { http: { status: 413 } },
      );

/** Whose header has more digits has more bytes; whose has other characters is refused by the HTTP server. */
const declaredBytes = (request: Request): number | null => {
  const declared = request.headers.get('content-length');
  return declared === null ? null : Number(declared);
};

/**
 * The same request, whose body fails where it is over the limit: it may come without saying how long it is.
 * The rest is still read, and thrown away: who sends without listening would find the connection reset, not why.
 */
function limited(request: Request, limit: number, { Request, TransformStream }: FetchAPI) {
  let bytes = 0;
  const body = request.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes <= limit) controller.enqueue(chunk);
      },
      flush(controller) {
        if (bytes > limit) controller.error(new Error('The body is too long.'));
      },
    }),
  );
  const init = { method: request.method, headers: request.headers, signal: request.signal, body };
  // Fetch's types lack `duplex`, which its standard asks for where a body is a stream.
  return {
    request: new Request(request.url, { ...init, duplex: 'half' } as RequestInit),
    isOver: () => bytes > limit,
  };
}

/** Lets so many in at once; the others wait in line. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}

/** Throws, before anything is read of the body, unless a worker sends it. */
async function checkIsWorker(request: Request, authenticator: Authenticator): Promise<void> {
  const viewer = await authenticator.authenticate(request.headers.get('authorization'));
  if (viewer?.kind === 'worker') return;
  throw viewer
    ? new ApiError('FORBIDDEN', 'Only workers send files.', { http: { status: 403 } })
    : new ApiError('UNAUTHENTICATED', 'Files are sent by workers, with their key.', {
        http: { status: 401 },
      });
}

/** Bounds what a request makes the process keep: a megabyte of anybody, and some transcripts of workers. */
export function useBodySize(authenticator: Authenticator): Plugin<object, Exchange> {
  const slots = new Slots(MAX_LARGE_UPLOADS);

  /** Waits until there is room for a large body, and makes room again when the request is over. */
  async function waitForRoom({ res }: Exchange): Promise<void> {
    await slots.take();
    if (res.closed) slots.give();
    else res.once('close', () => slots.give());
  }

  return {
    onRequestParse({ request, requestParser, setRequestParser, serverContext, fetchAPI }) {
      if (!requestParser) return;
      const isUpload =
        request.headers.get('content-type')?.startsWith('multipart/form-data') ?? false;
      const limit = isUpload ? MAX_UPLOAD_BYTES : MAX_BODY_BYTES;
      const declared = declaredBytes(request);
      // The HTTP server reads no more than what is declared, so there is nothing to see to.
      if (!isUpload && declared !== null && declared <= limit) return;
      if (!request.body) return;
      setRequestParser(async (original) => {
        try {
          if (isUpload) await checkIsWorker(original, authenticator);
          if (declared !== null && declared > limit) throw tooLarge(isUpload);
        } catch (refusal) {
          serverContext.req.resume();
          throw refusal;
        }
        if (isUpload && (declared ?? limit) > MAX_BODY_BYTES) await waitForRoom(serverContext);
        const bounded = limited(original, limit, fetchAPI);
        try {
          return await requestParser(bounded.request);
        } catch (cause) {
          // A parser has an error of its own for a body that fails.
          throw bounded.isOver() ? tooLarge(isUpload) : cause;
        }
      });
    },
  };
}
