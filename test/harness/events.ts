import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import type { GraphQLAnswerError } from './client.ts';

export interface Event<Data> {
  data?: Data | null;
  errors?: GraphQLAnswerError[];
}

/** A subscription over server-sent events, as any client would have it. */
export class Events<Data> {
  readonly status: number;
  readonly #chunks: AsyncIterator<string>;
  readonly #stop: AbortController;
  #text = '';
  #isComplete = false;

  private constructor(response: Response, stop: AbortController) {
    if (!response.body) throw new Error('The answer has no body.');
    this.status = response.status;
    this.#chunks = response.body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    this.#stop = stop;
  }

  static async open<Data, Variables>(
    url: string,
    headers: Record<string, string>,
    operation: TypedDocumentNode<Data, Variables> | string,
    variables?: Variables,
  ): Promise<Events<Data>> {
    const query = typeof operation === 'string' ? operation : print(operation);
    const stop = new AbortController();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query, variables }),
      signal: stop.signal,
    });
    return new Events<Data>(response, stop);
  }

  /** The next event; null when the server has said that there are no more. */
  async next(): Promise<Event<Data> | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end === -1) {
        if (this.#isComplete) return null;
        const { done, value } = await this.#chunks.next();
        if (done) throw new Error(`The connection broke off after: ${this.#text}`);
        this.#text += value;
        continue;
      }
      const fields = this.#text.slice(0, end).split('\n');
      this.#text = this.#text.slice(end + 2);
      if (fields.includes('event: complete')) this.#isComplete = true;
      const data = fields.find((field) => field.startsWith('data: '))?.slice('data: '.length);
      if (fields.includes('event: next') && data) return JSON.parse(data);
    }
  }

  /** All events until the end. */
  async all(): Promise<Event<Data>[]> {
    const events: Event<Data>[] = [];
    for (let event = await this.next(); event; event = await this.next()) events.push(event);
    return events;
  }

  /** Hangs up. */
  close(): void {
    this.#stop.abort();
  }
}
