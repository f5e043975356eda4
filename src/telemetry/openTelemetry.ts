import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace as traceApi,
} from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { OpenTelemetryConfig } from '../config.ts';
import type { Trace } from '../perf/trace.ts';
import { operationSpan, type SpanDraft, spansWithin } from './graphqlSpans.ts';

/** Finished traces that wait for a quiet moment; beyond, they are left out. */
const MAX_PENDING = 1000;

/** Traces whose spans are made in one turn of the event loop: about a millisecond. */
const TRACES_A_TURN = 10;

const MAX_ATTRIBUTE_LENGTH = 4000;

interface Options {
  config: OpenTelemetryConfig;
  release: string;
  /** As OpenTelemetry names it: `sqlite`, `postgresql`. */
  databaseSystem: string;
  onTrace(listener: (trace: Trace) => void): void;
  logger: Logger;
}

/** Says once that the collector does not take the spans, and once that it does again. */
class LoggedExporter extends OTLPTraceExporter {
  readonly #logger: Logger;
  #isFailing = false;

  constructor({ endpoint, headers }: OpenTelemetryConfig, logger: Logger) {
    super({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, headers });
    this.#logger = logger;
  }

  override export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    super.export(spans, (result) => {
      const failed = result.code !== ExportResultCode.SUCCESS;
      if (failed && !this.#isFailing) {
        this.#logger.warn(
          { err: result.error },
          'Spans are lost: the collector does not take them',
        );
      } else if (!failed && this.#isFailing) this.#logger.info('The collector takes spans again');
      this.#isFailing = failed;
      done(result);
    });
  }
}

function samplerOf({ sampler, samplerRatio }: OpenTelemetryConfig): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(samplerRatio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplerRatio) });
  }
}

/** The context of the caller, whose trace goes on here. */
function callerContext({ traceParent }: Trace) {
  const caller = traceParent === null ? null : parseTraceParent(traceParent);
  return caller
    ? traceApi.setSpanContext(ROOT_CONTEXT, { ...caller, isRemote: true })
    : ROOT_CONTEXT;
}

const kinds = {
  server: SpanKind.SERVER,
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
} as const satisfies Record<SpanDraft['kind'], SpanKind>;

/** Makes the spans of a trace after it ended. Where the first is not sampled, the others aren't made. */
function emit(tracer: Tracer, trace: Trace, databaseSystem: string): void {
  const at = (milliseconds: number): number => trace.startedAt.getTime() + milliseconds;
  const spans = new Map<string, Span>();
  function start(
    { key, name, kind, startMs, endMs, attributes, links, events, failed }: SpanDraft,
    context: Context,
  ) {
    const linked = links.flatMap((link) => spans.get(link) ?? []);
    const span = tracer.startSpan(
      name,
      {
        kind: kinds[kind],
        startTime: at(startMs),
        attributes,
        links: linked.map((other) => ({ context: other.spanContext() })),
      },
      context,
    );
    spans.set(key, span);
    for (const event of events) span.addEvent(event.name, event.attributes, at(endMs));
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(at(endMs));
    return span;
  }
  const rootSpan = start(operationSpan(trace), callerContext(trace));
  if ((rootSpan.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
  for (const draft of spansWithin(trace, databaseSystem)) {
    start(draft, traceApi.setSpan(ROOT_CONTEXT, spans.get(draft.parent ?? '') ?? rootSpan));
  }
}

/** Sends finished traces to a collector, by OTLP over HTTP, in the background. */
export function exportTraces({ config, release, databaseSystem, onTrace, logger }: Options) {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': config.serviceName,
      'service.version': release,
    }),
    sampler: samplerOf(config),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
    // Its queue is bounded: what finds no room is left out.
    spanProcessors: [new BatchSpanProcessor({ exporter: new LoggedExporter(config, logger) })],
  });
  const tracer = provider.getTracer('whisper-transcriber-api', release);
  const pending: Trace[] = [];
  const emitSome = (count: number): void => {
    for (const trace of pending.splice(0, count)) emit(tracer, trace, databaseSystem);
  };
  const emitInTurns = (): void => {
    emitSome(TRACES_A_TURN);
    if (pending.length > 0) setImmediate(emitInTurns);
  };
  onTrace((trace) => {
    if (pending.length >= MAX_PENDING) return;
    pending.push(trace);
    // Not before the answer is on its way.
    if (pending.length === 1) setImmediate(emitInTurns);
  });
  return {
    /** Sends what is left. */
    async close(): Promise<void> {
      emitSome(pending.length);
      // Where the collector does not take it, the exporter has said so.
      await provider.shutdown().catch(() => {});
    },
  };
}
