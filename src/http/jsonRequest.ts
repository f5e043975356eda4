import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Request } from '@whatwg-node/fetch';

/** The texts of the bodies that were read before Yoga was asked, by Node's own requests. */
const texts = new WeakMap<object, string>();

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

/** Goes on when the whole body is there; never where the client goes away before. */
export function afterBody(request: IncomingMessage, next: () => void): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const [only] = pieces;
    const whole = only && pieces.length === 1 ? only : Buffer.concat(pieces);
    texts.set(request, whole.toString());
    next();
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
    const value = this.#given[name] ?? this.#given[name.toLowerCase()];
    if (value === undefined) return null;
    return typeof value === 'string' ? value : value.join(', ');
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }
}

interface Init {
  method: string;
  headers: IncomingHttpHeaders;
  signal: AbortSignal;
  body: object;
}

/**
 * A request whose body is there as a text. Yoga's pipeline reads no more of it than stands here, so no Fetch
 * request is made, nor a stream of its body, and nobody waits for what is there. A plugin that asks for more gets it
 * of a real one.
 */
class JsonRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: JsonRequestHeaders;
  readonly signal: AbortSignal;
  readonly #init: Init;
  readonly #text: string;
  #real: Request | null = null;

  constructor(url: string, init: Init, text: string) {
    this.url = url;
    this.method = init.method;
    this.signal = init.signal;
    this.headers = new JsonRequestHeaders(init.headers, this);
    this.#init = init;
    this.#text = text;
  }

  real(): Request {
    const { headers, ...init } = this.#init;
    this.#real ??= new Request(this.url, {
      ...init,
      // Node's headers are a record, as Fetch takes them, but for those that come several times.
      headers: headers as Record<string, string>,
      body: this.#text,
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
}

/** Gives a class what Fetch's has and it lacks: each such member is that of the real object. */
function completed(lean: { prototype: { real(): object } }, whole: { prototype: object }): void {
  for (const name of Reflect.ownKeys(whole.prototype)) {
    if (name in lean.prototype || name === 'url' || name === 'method' || name === 'signal')
      continue;
    Object.defineProperty(lean.prototype, name, {
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

/** Fetch's `Request` for Yoga: that of a request whose body was read is a light one. */
export const RequestOrJson = new Proxy(Request, {
  construct(_target, [input, init]: [string, (Init & RequestInit) | undefined]) {
    const text = init?.body ? texts.get(init.body) : undefined;
    return init && text !== undefined
      ? new JsonRequest(input, init, text)
      : new Request(input, init);
  },
});
