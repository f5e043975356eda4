import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

const ANSWER_WITHIN_MS = 30_000;
/** Long enough for tens of megabytes on a slow line. */
const UPLOAD_WITHIN_MS = 600_000;

/** The API's own answer: no. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** No answer, or none that says anything of what was sent: sending it again may help. */
export class Unanswered extends Error {}

const passing = ['INTERNAL_SERVER_ERROR', 'RATE_LIMITED'];

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

export class Api {
  readonly #url: string;
  readonly #authorization: string;

  constructor({ url, key }: { url: string; key: string }) {
    this.#url = url;
    this.#authorization = `Bearer ${key}`;
  }

  /** Sends an operation. Throws a Refusal, or Unanswered. */
  async send<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const body = JSON.stringify({ query: print(document), variables });
    return this.#post(body, ANSWER_WITHIN_MS, { 'content-type': 'application/json' });
  }

  /** Sends an operation with a file as one of its variables, as a multipart request. */
  async upload<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Omit<Variables, 'transcript'>,
    transcript: Blob,
  ): Promise<Data> {
    const form = new FormData();
    const operation = { query: print(document), variables: { ...variables, transcript: null } };
    form.set('operations', JSON.stringify(operation));
    form.set('map', JSON.stringify({ file: ['variables.transcript'] }));
    form.set('file', transcript, 'transcript.json');
    return this.#post(form, UPLOAD_WITHIN_MS);
  }

  async #post<Data>(
    body: string | FormData,
    timeoutMs: number,
    headers: Record<string, string> = {},
  ): Promise<Data> {
    const answer = await this.#answer<Data>(body, timeoutMs, headers);
    const [error] = answer.errors ?? [];
    const code = error?.extensions?.code;
    if (error && code && !passing.includes(code)) throw new Refusal(code, error.message);
    if (!answer.data)
      throw new Unanswered(error?.message ?? 'The answer has neither data nor error.');
    return answer.data;
  }

  async #answer<Data>(
    body: string | FormData,
    timeoutMs: number,
    headers: Record<string, string>,
  ): Promise<Answer<Data>> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { ...headers, accept: 'application/json', authorization: this.#authorization },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      // What is no JSON is of a proxy, or of a server that is not this API.
      return (await response.json()) as Answer<Data>;
    } catch (error) {
      const { cause, message } = error as Error;
      throw new Unanswered(cause instanceof Error ? cause.message : message, { cause: error });
    }
  }
}
