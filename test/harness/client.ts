import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { Events } from './events.ts';

export interface GraphQLAnswerError {
  message: string;
  path?: (string | number)[];
  extensions: Record<string, unknown> & { code: string };
}

export interface Answer<Data> {
  status: number;
  headers: Headers;
  data: Data | null;
  errors: GraphQLAnswerError[];
  extensions: Record<string, unknown>;
}

type Operation<Data, Variables> = TypedDocumentNode<Data, Variables> | string;

/** Sends operations over HTTP, as any client would. */
export class Client {
  readonly #url: string;
  /** Sent with each request. */
  readonly headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#url = url;
    this.headers = headers;
  }

  /** The same server with other or more headers. */
  with(headers: Record<string, string>): Client {
    return new Client(this.#url, { ...this.headers, ...headers });
  }

  as(token: string): Client {
    return this.with({ authorization: `Bearer ${token}` });
  }

  /** The answer, whatever it is. */
  async send<Data, Variables>(
    operation: Operation<Data, Variables>,
    variables?: Variables,
  ): Promise<Answer<Data>> {
    const query = typeof operation === 'string' ? operation : print(operation);
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.headers },
      body: JSON.stringify({ query, variables }),
    });
    return this.#answerOf(response);
  }

  /** The answer to a multipart request, whose variable of this name is a file. */
  async upload<Data, Variables extends object>(
    operation: Operation<Data, Variables>,
    variables: Variables,
    { variable, file }: { variable: string; file: Blob },
  ): Promise<Answer<Data>> {
    const query = typeof operation === 'string' ? operation : print(operation);
    const body = new FormData();
    body.set(
      'operations',
      JSON.stringify({ query, variables: { ...variables, [variable]: null } }),
    );
    body.set('map', JSON.stringify({ 0: [`variables.${variable}`] }));
    body.set('0', file, 'transcript.json');
    const response = await fetch(this.#url, { method: 'POST', headers: this.headers, body });
    return this.#answerOf(response);
  }

  async #answerOf<Data>(response: Response): Promise<Answer<Data>> {
    const body = (await response.json()) as Partial<Answer<Data>>;
    return {
      status: response.status,
      headers: response.headers,
      data: body.data ?? null,
      errors: body.errors ?? [],
      extensions: body.extensions ?? {},
    };
  }

  /** The data. Throws, printing the whole conversation, where there is an error. */
  async query<Data, Variables>(
    operation: Operation<Data, Variables>,
    variables?: Variables,
  ): Promise<Data> {
    const answer = await this.send(operation, variables);
    if (answer.errors.length > 0 || answer.data === null) {
      throw new Error(this.#conversation(operation, variables, answer));
    }
    return answer.data;
  }

  /** A subscription, as soon as the server has answered. */
  async subscribe<Data = Record<string, unknown>, Variables = object>(
    operation: Operation<Data, Variables>,
    variables?: Variables,
  ): Promise<Events<Data>> {
    return Events.open(this.#url, this.headers, operation, variables);
  }

  /** The code of the one error that is expected. Throws where there is none, or another number. */
  async refusal<Data, Variables>(
    operation: Operation<Data, Variables>,
    variables?: Variables,
  ): Promise<{ code: string; message: string; status: number }> {
    const answer = await this.send(operation, variables);
    const [error, ...others] = answer.errors;
    if (!error || others.length > 0) {
      throw new Error(`expected one error\n${this.#conversation(operation, variables, answer)}`);
    }
    return { code: error.extensions.code, message: error.message, status: answer.status };
  }

  #conversation<Data, Variables>(
    operation: Operation<Data, Variables>,
    variables: Variables | undefined,
    answer: Answer<Data>,
  ): string {
    const query = typeof operation === 'string' ? operation : print(operation);
    return [
      `POST ${this.#url} (request ${answer.headers.get('x-request-id')})`,
      query,
      `variables: ${JSON.stringify(variables)}`,
      `answer ${answer.status}: ${JSON.stringify({ data: answer.data, errors: answer.errors }, null, 2)}`,
    ].join('\n');
  }
}
