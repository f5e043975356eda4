import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

type Value = {
  stringValue?: string;
  intValue?: number;
  doubleValue?: number;
  arrayValue?: { values: { stringValue: string }[] };
};

interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Value }[];
  links: { traceId: string; spanId: string }[];
  events: { name: string; attributes: { key: string; value: Value }[] }[];
  status: { code: number };
}

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parent: string | null;
  name: string;
  kind: string;
  startNs: bigint;
  endNs: bigint;
  attributes: Record<string, string | number | string[] | undefined>;
  /** The ids of the spans that it links to. */
  links: string[];
  events: { name: string; attributes: ReceivedSpan['attributes'] }[];
  failed: boolean;
}

interface Export {
  resourceSpans: {
    resource: { attributes: { key: string; value: Value }[] };
    scopeSpans: { spans: WireSpan[] }[];
  }[];
}

const kinds = ['unspecified', 'internal', 'server', 'client'];

const valuesOf = (attributes: { key: string; value: Value }[]): ReceivedSpan['attributes'] =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ??
        value.intValue ??
        value.doubleValue ??
        value.arrayValue?.values.map(({ stringValue }) => stringValue),
    ]),
  );

const received = (span: WireSpan): ReceivedSpan => ({
  traceId: span.traceId,
  spanId: span.spanId,
  parent: span.parentSpanId ?? null,
  name: span.name,
  kind: kinds[span.kind] ?? '',
  startNs: BigInt(span.startTimeUnixNano),
  endNs: BigInt(span.endTimeUnixNano),
  attributes: valuesOf(span.attributes),
  events: span.events.map(({ name, attributes }) => ({ name, attributes: valuesOf(attributes) })),
  links: span.links.map(({ spanId }) => spanId),
  failed: span.status.code === 2,
});

/** Takes spans by OTLP over HTTP, as JSON, and answers with `status`. */
export async function startCollector(status = 200) {
  const spans: ReceivedSpan[] = [];
  const resources: ReceivedSpan['attributes'][] = [];
  const requests: Pick<IncomingMessage, 'url' | 'headers'>[] = [];
  const server = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as Export;
    requests.push({ url: request.url, headers: request.headers });
    for (const { resource, scopeSpans } of resourceSpans) {
      resources.push(valuesOf(resource.attributes));
      spans.push(...scopeSpans.flatMap((scope) => scope.spans).map(received));
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    resources,
    requests,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
