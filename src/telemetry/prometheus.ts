import type { RequestListener } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { errorCodes } from '../errors.ts';
import type { PoolReading } from '../perf/gauges.ts';
import type { StatementSpan, Trace } from '../perf/trace.ts';
import { BoundedNames, OTHER } from './boundedNames.ts';
import { ByName } from './byName.ts';
import { counter, histogram } from './metricFamily.ts';
import { verbOf } from './verb.ts';

/** Operations that have series of their own. */
const MAX_OPERATIONS = 100;

const secondsOf = (milliseconds: number): number => milliseconds / 1000;

/** From half a millisecond to ten seconds. */
const requestBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10,
];
/** Statements begin at some microseconds. */
const statementBounds = [0.00005, 0.0001, 0.00025, ...requestBounds.slice(0, -3)];
const keyBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500];

interface Options {
  onTrace(listener: (trace: Trace) => void): void;
  /** The connections of each pool, by its name. */
  pools: Readonly<Record<string, () => PoolReading>>;
}

/** The metrics of finished requests. */
function createRequestMetrics(registry: Registry) {
  const durations = histogram(
    'graphql_server_request_duration_seconds',
    'How long requests took, by the name of their operation and its kind.',
    ['operation', 'kind'],
    requestBounds,
  ).registerIn(registry);
  const failures = counter(
    'graphql_server_request_failures_total',
    'Requests that were answered with an error, by the name of their operation.',
    ['operation'],
  ).registerIn(registry);
  const errors = counter(
    'graphql_server_errors_total',
    'Errors that were answered, by their code.',
    ['code'],
  ).registerIn(registry);
  const phases = histogram(
    'graphql_server_phase_duration_seconds',
    'How long the phases of requests took.',
    ['phase'],
    requestBounds,
  ).registerIn(registry);

  const ofOperation = new ByName((operation) => ({
    durations: new ByName((kind) => durations.series({ operation, kind })),
    failures: failures.series({ operation }),
  }));
  const operations = new BoundedNames(MAX_OPERATIONS, (operation) => {
    for (const kind of ofOperation.of(operation).durations.keys()) {
      durations.forget({ operation, kind });
    }
    failures.forget({ operation });
    ofOperation.delete(operation);
  });
  const ofCode = new ByName((code) => errors.series({ code }));
  const parse = phases.series({ phase: 'parse' });
  const validate = phases.series({ phase: 'validate' });
  const execute = phases.series({ phase: 'execute' });
  const serialize = phases.series({ phase: 'serialize' });

  return (trace: Trace): void => {
    const counted = ofOperation.of(operations.of(trace.operationName));
    counted.durations.of(trace.operationKind).observe(secondsOf(trace.totalMs));
    if (trace.failed) counted.failures.add(1);
    for (const code of trace.errorCodes) {
      ofCode.of(Object.hasOwn(errorCodes, code) ? code : OTHER).add(1);
    }
    parse.observe(secondsOf(trace.parseMs));
    validate.observe(secondsOf(trace.validateMs));
    execute.observe(secondsOf(trace.executeMs));
    serialize.observe(secondsOf(trace.serializeMs));
  };
}

function createStatementMetrics(registry: Registry) {
  const durations = histogram(
    'db_client_statement_duration_seconds',
    'How long SQL statements of requests took, by their verb and the loader that sent them.',
    ['verb', 'loader'],
    statementBounds,
  ).registerIn(registry);
  const rows = counter(
    'db_client_statement_rows_total',
    'Rows that statements returned or changed.',
    ['verb', 'loader'],
  ).registerIn(registry);
  const failures = counter('db_client_statement_failures_total', 'Statements that failed.', [
    'verb',
    'loader',
  ]).registerIn(registry);
  const waits = histogram(
    'db_client_connection_wait_seconds',
    'How long statements waited for a connection.',
    [],
    statementBounds,
  )
    .registerIn(registry)
    .series({});

  const ofLoader = new ByName(
    (loader) =>
      new ByName((verb) => ({
        durations: durations.series({ verb, loader }),
        rows: rows.series({ verb, loader }),
        failures: failures.series({ verb, loader }),
      })),
  );

  return ({ text, batch, durationMs, waitedMs, rowCount, failed }: StatementSpan): void => {
    const counted = ofLoader.of(batch?.dispatch.loader ?? 'none').of(verbOf(text));
    counted.durations.observe(secondsOf(durationMs));
    counted.rows.add(rowCount);
    if (failed) counted.failures.add(1);
    waits.observe(secondsOf(waitedMs));
  };
}

function createLoaderMetrics(registry: Registry) {
  const durations = histogram(
    'graphql_dataloader_batch_duration_seconds',
    'How long the batches of loaders took.',
    ['loader'],
    statementBounds,
  ).registerIn(registry);
  const sizes = histogram(
    'graphql_dataloader_batch_keys',
    'Keys in the batches of loaders.',
    ['loader'],
    keyBounds,
  ).registerIn(registry);
  const hits = counter(
    'graphql_dataloader_cache_hits_total',
    'Keys that were asked for and were there already.',
    ['loader'],
  ).registerIn(registry);
  const failures = counter('graphql_dataloader_batch_failures_total', 'Batches that failed.', [
    'loader',
  ]).registerIn(registry);

  const ofLoader = new ByName((loader) => ({
    durations: durations.series({ loader }),
    sizes: sizes.series({ loader }),
    hits: hits.series({ loader }),
    failures: failures.series({ loader }),
  }));

  return ({ batches }: Trace): void => {
    for (const { dispatch, durationMs, keyCount, failed } of batches) {
      const counted = ofLoader.of(dispatch.loader);
      counted.durations.observe(secondsOf(durationMs));
      counted.sizes.observe(keyCount);
      if (failed) counted.failures.add(1);
    }
    for (const { loader, hits: found } of new Set(batches.map(({ dispatch }) => dispatch))) {
      ofLoader.of(loader).hits.add(found);
    }
  };
}

/** What is read when it is asked for. */
function registerReadings(registry: Registry, pools: Options['pools']): void {
  const registers = [registry];
  new Gauge({
    name: 'db_client_pool_connections',
    help: 'Connections of the pools, used and free, those who wait for one, and the most there may be.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      for (const [pool, read] of Object.entries(pools)) {
        for (const [state, count] of Object.entries(read())) this.set({ pool, state }, count);
      }
    },
  });
  new Counter({
    name: 'nodejs_eventloop_seconds_total',
    help: 'How long the event loop worked and how long it waited for something to do.',
    labelNames: ['state'],
    registers,
    collect() {
      const { active, idle } = performance.eventLoopUtilization();
      this.reset();
      this.inc({ state: 'active' }, secondsOf(active));
      this.inc({ state: 'idle' }, secondsOf(idle));
    },
  });
  // Event loop lag, garbage collection, heap and process.
  collectDefaultMetrics({ register: registry });
}

/** Counts finished requests, and answers with the figures as Prometheus reads them. */
export function createMetrics({ onTrace, pools }: Options): RequestListener {
  const registry = new Registry();
  const countRequest = createRequestMetrics(registry);
  const countStatement = createStatementMetrics(registry);
  const countBatches = createLoaderMetrics(registry);
  registerReadings(registry, pools);
  onTrace((trace) => {
    countRequest(trace);
    for (const statement of trace.statements) countStatement(statement);
    countBatches(trace);
  });
  return async (_request, response) => {
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(text);
  };
}
