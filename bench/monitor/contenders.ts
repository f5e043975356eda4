import { createRequire } from 'node:module';
import { useEngine } from '@envelop/core';
import { useOpenTelemetry } from '@envelop/opentelemetry';
import { useApolloInlineTrace } from '@graphql-yoga/plugin-apollo-inline-trace';
import { GraphQLInstrumentation } from '@opentelemetry/instrumentation-graphql';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { AppOptions } from '../../src/server.ts';

/** Of the service's own Yoga: a contender brings another. */
type OurPlugin = NonNullable<AppOptions['plugins']>[number];

export interface Contender {
  /** The name in the results. */
  title: string;
  isMonitored: boolean;
  plugins(): OurPlugin[] | Promise<OurPlugin[]>;
}

/** Spans are made and batched as for a collector, and then dropped: sending them is not what is compared. */
const exporter = {
  export: (_spans: unknown[], done: (result: { code: number }) => void) => done({ code: 0 }),
  shutdown: async () => {},
};
const batching = { maxQueueSize: 100_000, maxExportBatchSize: 10_000 };

const tracerProvider = () =>
  new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter, batching)] });

/**
 * The instrumentation patches graphql-js as it is loaded. Yoga has an executor of its own, so it is given
 * the patched functions.
 */
function instrumentedEngine(): OurPlugin {
  const instrumentation = new GraphQLInstrumentation({
    mergeItems: false,
    ignoreTrivialResolveSpans: true,
  });
  instrumentation.setTracerProvider(tracerProvider());
  instrumentation.enable();
  const require = createRequire(import.meta.url);
  for (const path of Object.keys(require.cache)) {
    if (/[\\/]graphql[\\/](execution|language|validation)[\\/]/.test(path)) {
      delete require.cache[path];
    }
  }
  const { execute } = require('graphql/execution/execute.js');
  const { parse } = require('graphql/language/parser.js');
  const { validate } = require('graphql/validation/validate.js');
  // Plugins of Envelop name a smaller context than ours, which they only read.
  return useEngine({ execute, parse, validate }) as OurPlugin;
}

function openTelemetryPlugin(): OurPlugin {
  const options = { resolvers: true, variables: false, result: false };
  // It writes a span into the context under a symbol of its own.
  return useOpenTelemetry(options, tracerProvider()) as unknown as OurPlugin;
}

/**
 * Its spans are of the request and its phases; it has none of resolvers. Like the other two it goes without a context
 * manager, and without the hash of the operation, which it would make anew for each request. Its tracer is the
 * process's own and its modules are many, so both are there only where it contends.
 */
async function hivePlugin(): Promise<OurPlugin> {
  const { openTelemetrySetup } = await import('@graphql-hive/plugin-opentelemetry/setup');
  const { Logger } = await import('@graphql-hive/logger');
  const hive = await import('@graphql-hive/plugin-opentelemetry');
  openTelemetrySetup({
    contextManager: null,
    traces: { exporter, batching },
    log: new Logger({ level: false }),
  });
  const options = { useContextManager: false, hashOperation: null };
  // It is a plugin of Hive's gateway too, whose hooks Yoga has not.
  return hive.useOpenTelemetry(options) as unknown as OurPlugin;
}

export const contenders = {
  bare: { title: 'bare', isMonitored: false, plugins: () => [] },
  ours: { title: 'ours', isMonitored: true, plugins: () => [] },
  openTelemetry: {
    title: '@opentelemetry/instrumentation-graphql',
    isMonitored: false,
    plugins: () => [instrumentedEngine()],
  },
  envelop: {
    title: '@envelop/opentelemetry',
    isMonitored: false,
    plugins: () => [openTelemetryPlugin()],
  },
  hive: {
    title: '@graphql-hive/plugin-opentelemetry',
    isMonitored: false,
    plugins: async () => [await hivePlugin()],
  },
  apollo: {
    title: '@graphql-yoga/plugin-apollo-inline-trace',
    isMonitored: false,
    // It takes Yoga's context, which ours extends.
    plugins: () => [useApolloInlineTrace() as OurPlugin],
  },
} satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;
