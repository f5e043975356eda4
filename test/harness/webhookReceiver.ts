import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Delivery {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A small server that alerts are posted to. It answers what it is told, then 204. */
export class WebhookReceiver {
  readonly deliveries: Delivery[] = [];
  /** The statuses of the next answers. */
  readonly answers: number[] = [];
  readonly #server = createServer(async (request, response) => {
    this.deliveries.push({ headers: request.headers, body: await text(request) });
    response.writeHead(this.answers.shift() ?? 204).end();
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  });
  #arrival = Promise.withResolvers<void>();

  async listen(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/alerts`;
  }

  /** When there are so many. */
  async received(count: number): Promise<Delivery[]> {
    while (this.deliveries.length < count) await this.#arrival.promise;
    return this.deliveries;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
