import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Request } from '@whatwg-node/fetch';

/** Whether the body is JSON, and declared to be no longer than this: so short that it is read in one go. */
export function isShortJson({ method, headers }: IncomingMessage, maxBytes: number): boolean {
  const declared = headers['content-length'];
  return (
    method === 'POST' &&
    declared !== undefined &&
    Number(declared) <= maxBytes &&
    /^application\/json(;|$)/.test(headers['content-type'] ?? '')
  );
}

/** Gives the whole body as a text when it is there; nothing where the client goes away before. */
export function readText(request: IncomingMessage, read: (text: string) => void): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const [only] = pieces;
    read((only && pieces.length === 1 ? only : Buffer.concat(pieces)).toString());
  });
  // Without a listener it would end the process; who listens for the answer has gone.
  request.on('error', () => {});
}

/** Node's headers, read as Fetch's are. Whatever else one can do with those is done with real ones. */
class JsonRequestHeaders {
  readonly #given: IncomingHttpHeaders;
  readonly #request: JsonRequest;

  constructor(given: IncomingHttpHeaders, request: JsonRequest) {
    this.#given = given;
    this.#request = request;
  }

  real(): Headers {
    return this.#request.real().headers;
  }

  get(name: string): string | null {
    // Node's are in small letters.
    const value = this.#given[name.toLowerCase()];
    if (value === undefined) return null;
    return typeof value === 'string' ? value : value.join(', ');
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }
}

/**
 * A request whose body is there as a text. Yoga's pipeline reads no more of it than stands here, so no Fetch
 * request is made, nor a stream of its body, and nobody waits for what is there. A plugin that asks for more gets it
 * of a real one.
 */
export class JsonRequest {
  readonly method = 'POST';
  readonly url: string;
  readonly headers: JsonRequestHeaders;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #text: string;
  #real: Request | null = null;

  constructor(request: IncomingMessage, response: ServerResponse, text: string) {
    this.url = `http://${request.headers.host ?? 'localhost'}${request.url}`;
    this.headers = new JsonRequestHeaders(request.headers, this);
    this.#request = request;
    this.#response = response;
    this.#text = text;
  }

  real(): Request {
    this.#real ??= new Request(this.url, {
      method: this.method,
      // Node's headers are a record, as Fetch takes them, but for those that come several times.
      headers: this.#request.headers as Record<string, string>,
      body: this.#text,
      signal: this.#abortSignal(),
    });
    return this.#real;
  }

  json(): unknown {
    try {
      return JSON.parse(this.#text);
    } catch {
      // It has an error of its own for what is no JSON.
      return this.real().json();
    }
  }

  /** Aborted when the client goes away before it has its answer. */
  #abortSignal(): AbortSignal {
    const controller = new AbortController();
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) controller.abort();
    });
    return controller.signal;
  }
}

/** Gives a class what Fetch's has and it lacks: each such member is that of the real object. */
function completed(light: { prototype: { real(): object } }, whole: { prototype: object }): void {
  for (const name of Reflect.ownKeys(whole.prototype)) {
    if (name in light.prototype || name === 'url' || name === 'method') continue;
    Object.defineProperty(light.prototype, name, {
      get() {
        const real: object = this.real();
        const value: unknown = Reflect.get(real, name);
        return typeof value === 'function' ? value.bind(real) : value;
      },
    });
  }
}
completed(JsonRequestHeaders, globalThis.Headers);
completed(JsonRequest, globalThis.Request);
