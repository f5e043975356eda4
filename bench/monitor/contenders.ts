import { createRequire } from 'node:module';
import { useEngine } from '@envelop/core';
import { useOpenTelemetry } from '@envelop/opentelemetry';
import { useApolloInlineTrace } from '@graphql-yoga/plugin-apollo-inline-trace';
import { GraphQLInstrumentation } from '@opentelemetry/instrumentation-graphql';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import type { Plugin } from 'graphql-yoga';
import type { RequestOrigin } from '../../src/http/requestOrigin.ts';
import type { Context } from '../../src/schema/context.ts';

type OurPlugin = Plugin<Context, RequestOrigin>;

export interface Contender {
  /** The name in the results. */
  title: string;
  isMonitored: boolean;
  plugins(): OurPlugin[];
}

/** Spans are made and batched as for a collector, and then dropped: sending them is not what is compared. */
function tracerProvider(): BasicTracerProvider {
  return new BasicTracerProvider({
    spanProcessors: [
      new BatchSpanProcessor(
        {
          export: (_spans: ReadableSpan[], done: (result: { code: number }) => void) =>
            done({ code: 0 }),
          shutdown: async () => {},
        },
        { maxQueueSize: 100_000, maxExportBatchSize: 10_000 },
      ),
    ],
  });
}

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
  apollo: {
    title: '@graphql-yoga/plugin-apollo-inline-trace',
    isMonitored: false,
    // It takes Yoga's context, which ours extends.
    plugins: () => [useApolloInlineTrace() as OurPlugin],
  },
} satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;
