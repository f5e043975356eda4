import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { createDatabaseReports, type DatabaseReports } from './administration/databaseReports.ts';
import { createWatching, type Watching } from './administration/watching.ts';
import { createTokens, type Tokens } from './auth/tokens.ts';
import { type Authenticator, createAuthenticator, VIEWER_TTL_MS } from './auth/viewer.ts';
import { isAdministrator, mustChangePassword } from './auth/visibility.ts';
import type { Config } from './config.ts';
import { createSeenStatements } from './db/catalogue/seenStatements.ts';
import { type Checkpoints, createCheckpoints } from './db/checkpoints.ts';
import { connect, connectBoth } from './db/client.ts';
import type { StatementListener } from './db/dialect.ts';
import { explainStatement, findTableFacts } from './db/explain.ts';
import { isMigrated } from './db/migrate.ts';
import { performanceStore } from './db/performanceStore.ts';
import { readPool } from './db/pool.ts';
import { StartError } from './errors.ts';
import { createGraphqlListener } from './http/graphqlListener.ts';
import { createHealth, type Health } from './http/health.ts';
import { createLeanYoga } from './http/leanYoga.ts';
import type { RequestOrigin } from './http/requestOrigin.ts';
import { createRouter } from './http/router.ts';
import type { QueueSettings } from './jobs/leases.ts';
import { createSweeper, type Sweeper } from './jobs/sweeper.ts';
import { JobFeed } from './live/jobFeed.ts';
import { unobserved } from './loaders/batched.ts';
import { createLoaders } from './loaders/index.ts';
import { fingerprintOf } from './perf/fingerprint.ts';
import { type Gauges, sampleGauges } from './perf/gauges.ts';
import { createHistory, type History } from './perf/history.ts';
import { createMonitor, type Monitor } from './perf/monitor.ts';
import { createPlanTaker, type PlanTaker } from './perf/planTaker.ts';
import { StatementLedger } from './perf/statementLedger.ts';
import { timeResolvers } from './perf/timedResolvers.ts';
import { traceScope } from './perf/trace.ts';
import { traceEvent, usePerformance } from './perf/usePerformance.ts';
import { createMaskError } from './plugins/maskError.ts';
import { playground } from './plugins/playground.ts';
import { MAX_BODY_BYTES, useBodySize } from './plugins/useBodySize.ts';
import { useCompiledQueries } from './plugins/useCompiledQueries.ts';
import { useQueryCost } from './plugins/useQueryCost.ts';
import { useShortLives } from './plugins/useShortLives.ts';
import { useSubscriptions } from './plugins/useSubscriptions.ts';
import { useText } from './plugins/useText.ts';
import { useValidationCache } from './plugins/useValidationCache.ts';
import { useViewer } from './plugins/useViewer.ts';
import type { Context } from './schema/context.ts';
import { createSchema } from './schema/index.ts';
import { startTelemetry, type Telemetry } from './telemetry/telemetry.ts';

/** At most one plan in a second: it is asked of the database that is slow already. */
const PLAN_INTERVAL_MS = 1000;

/** The most keys that a loader puts into one statement. */
const MAX_BATCH_SIZE = 500;

/** Connections to PostgreSQL for what nobody waits for; SQLite has one, on a thread of its own. */
const BACKGROUND_CONNECTIONS = 2;

/** How long the database may take to write some figures of the monitor, or to give a lock to what it reads. */
const BACKGROUND_TIMEOUT_MS = 5000;

/** How long a connection is kept for the next request; a minute is what load balancers have. */
const KEEP_ALIVE_MS = 65_000;

/** How long the last figures of a process may take to be written. */
const LAST_FLUSH_MS = 3000;

/** How long the database may take to answer before requests should go elsewhere. */
const READY_TIMEOUT_MS = 2000;

/** Some operations come once: a client that writes values into the text, or one that does harm. */
const COMPILE_AT = 2;

/** A cache by the text of operations, which anybody may send: bounded in characters, not in entries. */
const keptByText = <Value extends object>() =>
  new LRUCache<string, Value>({
    maxSize: 1_000_000,
    maxEntrySize: 50_000,
    sizeCalculation: (_value, text) => text.length + 1,
  });

export interface AppOptions {
  config: Config;
  logger: Logger;
  /** Signs the tokens. */
  secret: string;
  /** The most keys that a loader puts into one statement. */
  maxBatchSize?: number;
  /** How long a viewer is not looked up again, in milliseconds. */
  viewerTtlMs?: number;
  /** The call of an operation by which it is compiled. */
  compileAt?: number;
  /** What time it is for the queue and the monitor. */
  clock?: () => Date;
  /** How long the database may take to answer before requests should go elsewhere. */
  readyTimeoutMs?: number;
  /** How long after a plan of a slow query the next one may be taken, in milliseconds. */
  planIntervalMs?: number;
  /** Waits until an alert is posted again, in milliseconds. */
  pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** How long the database may take to write some figures of the monitor, or to give a lock to what it reads. */
  backgroundTimeoutMs?: number;
  /** Told of every statement, beside the monitor. */
  onStatement?: StatementListener;
  /** The schema that is served. */
  schema?: GraphQLSchema;
  /** False for a service that knows nothing of what it costs; the benchmark holds it against the other. */
  isMonitored?: boolean;
  /** Further plugins. */
  plugins?: Plugin<Context, RequestOrigin>[];
}

export interface App {
  db: Knex;
  /** For what may read far more than it answers: on SQLite off the thread that serves. */
  longReads: Knex;
  /** For what may be slow or is the monitor's own: not observed, and off the thread that serves. */
  background: Knex;
  databaseReports: DatabaseReports;
  monitor: Monitor;
  history: History;
  gauges: Gauges;
  /** Where statements are explained and none is run: not observed, and off the thread that serves. */
  plans: Knex;
  planTaker: PlanTaker;
  /** Of SQLite's log, and to be started before much is written; PostgreSQL makes its own. */
  checkpoints: Checkpoints | null;
  /** Has to be started, where the monitor is to look at its figures by itself. */
  watching: Watching;
  tokens: Tokens;
  authenticator: Authenticator;
  jobFeed: JobFeed;
  /** Has to be started, where the queue's times are to be noticed. */
  sweeper: Sweeper;
  server: Server;
  health: Health;
  telemetry: Telemetry;
}

/** What the context of each request has alike. */
type CommonContext = Omit<Context, keyof RequestOrigin | 'loaders'>;

/** Puts the parts together. Nothing listens and no statement is sent yet. */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, logger, secret, onStatement } = options;
  const { maxBatchSize = MAX_BATCH_SIZE, viewerTtlMs = VIEWER_TTL_MS } = options;
  const { clock = () => new Date() } = options;
  const { readyTimeoutMs = READY_TIMEOUT_MS, isMonitored = true } = options;
  const { planIntervalMs = PLAN_INTERVAL_MS } = options;
  const { compileAt = COMPILE_AT } = options;
  const { backgroundTimeoutMs = BACKGROUND_TIMEOUT_MS } = options;
  const monitor = createMonitor({ clock, ...config.monitor });
  const seen = createSeenStatements(clock());
  const driver = new StatementLedger();
  const databases = connectBoth(
    {
      ...config.database,
      leavesLog: true,
      ...(isMonitored && {
        onStatement(statement) {
          // PostgreSQL counts by itself what its indexes are used for.
          if (config.database.address.kind === 'sqlite') seen.record(statement.sql);
          if (!statement.failed) driver.add(fingerprintOf(statement.sql), statement.rowCount);
          monitor.recordStatement(statement);
          onStatement?.(statement);
        },
      }),
    },
    () => {
      const trace = traceScope.current()?.trace ?? null;
      return trace?.viewerId ?? trace;
    },
  );
  const { db, longReads } = databases;
  const background = connect({
    address: config.database.address,
    poolSize: BACKGROUND_CONNECTIONS,
    ownThread: true,
    leavesLog: true,
    lockTimeoutMs: backgroundTimeoutMs,
  });
  const plans = connect({
    address: config.database.address,
    poolSize: 1,
    ownThread: true,
    onlyPlans: true,
  });
  const checkpoints =
    config.database.address.kind === 'sqlite'
      ? createCheckpoints({
          db: plans,
          onFault: (fault) =>
            logger.warn(
              { err: fault },
              'The log of the database was not copied into its file; trying on',
            ),
        })
      : null;
  const store = performanceStore(background, backgroundTimeoutMs);
  const history = createHistory({ monitor, store, clock, logger });
  const gauges = sampleGauges({ monitor, readPool: () => readPool(db) });
  const telemetry = await startTelemetry({
    config,
    monitor,
    pools: {
      requests: () => readPool(db),
      // On PostgreSQL they have the same connections.
      ...(config.database.address.kind === 'sqlite' && { longReads: () => readPool(longReads) }),
      background: () => readPool(background),
    },
    logger,
  });
  const databaseReports = createDatabaseReports({
    background,
    seen,
    clock,
    poolSize: config.database.poolSize + BACKGROUND_CONNECTIONS,
    unusedIndexDays: config.unusedIndexDays,
  });
  const planTaker = createPlanTaker({
    clock,
    pause: () => sleep(planIntervalMs, null, { ref: false }),
    explain: (statement) => explainStatement(plans, statement),
    tableFacts: () => findTableFacts(plans),
    onError: (error) => logger.warn({ err: error }, 'A slow query could not be explained'),
  });
  monitor.onSlowQuery(planTaker.take);
  const watching = createWatching({
    history,
    background,
    monitor,
    driver,
    isPostgres: config.database.address.kind === 'postgres',
    reports: databaseReports,
    planOf: planTaker.planOf,
    clock,
    log: logger,
    release: config.monitor.release,
    ...config.watch,
    pause: options.pause ?? ((ms, signal) => sleep(ms, null, { ref: false, signal })),
  });
  const tokens = createTokens(secret, config.token.lifetimeMinutes);
  const queue: QueueSettings = { clock, ...config.jobs };
  const sweeper = createSweeper(
    {
      db,
      background,
      queue,
      viewer: { kind: 'service', name: 'queue' },
      origin: { clientIp: null, userAgent: null, operationName: null, method: null },
    },
    logger,
  );
  const authenticator = createAuthenticator({
    db,
    tokens,
    ttlMs: viewerTtlMs,
    onFault: (fault) =>
      logger.warn({ err: fault }, 'Changes of accounts could not be heard of; trying on'),
  });
  const jobFeed = new JobFeed({
    db,
    onFault: (fault) => logger.warn({ err: fault }, 'Changes of jobs could not be read; trying on'),
  });
  const newLoaders = () =>
    createLoaders(databases, { maxBatchSize, observer: isMonitored ? monitor : unobserved });
  const maskError = createMaskError(logger);
  const schema = options.schema ?? createSchema();
  const commonContext: CommonContext = {
    ...databases,
    background,
    databaseReports,
    viewer: null,
    tokens,
    authenticator,
    monitor,
    history,
    clock,
    queue,
    jobFeed,
    maxBatchSize,
    limits: config.limits,
    isRehearsal: false,
    gauges,
    plans,
    planTaker,
    showBindValues: config.showBindValues,
    watching,
  };
  const answer = createLeanYoga<RequestOrigin, CommonContext, Pick<Context, 'loaders'>>(
    commonContext,
    () => ({ loaders: newLoaders() }),
    {
      schema: isMonitored ? timeResolvers(schema, monitor.heldThread) : schema,
      plugins: [
        ...(isMonitored
          ? [
              usePerformance<Context>({
                monitor,
                mayRead: ({ viewer }) => isAdministrator(viewer) && !mustChangePassword(viewer),
              }),
            ]
          : []),
        useBodySize(authenticator),
        useText(),
        useValidationCache(),
        useQueryCost(config.limits),
        useViewer(),
        useCompiledQueries({ compileAt }),
        useShortLives(),
        useSubscriptions({
          recheckMs: viewerTtlMs,
          newLoaders,
          maskError,
          trace: (execution, run) => traceEvent(monitor, execution, run),
        }),
        ...(options.plugins ?? []),
      ],
      parserAndValidationCache: {
        documentCache: keptByText(),
        errorCache: keptByText(),
        validationCache: false,
      },
      maskedErrors: { maskError },
      // `useBodySize` knows whose may be larger.
      maxRequestBodySize: false,
      // Any page may ask; who asks is in a header that no browser adds by itself.
      cors: { origin: '*', credentials: false },
      // Yoga would answer every URL that ends so, and none ends with a space: health is elsewhere.
      healthCheckEndpoint: ' ',
      graphiql: playground(),
      renderGraphiQL,
      landingPage: false,
      logging: false,
    },
  );
  const health = createHealth({
    isMigrated: () => isMigrated(db, config.database.address, readyTimeoutMs),
    timeoutMs: readyTimeoutMs,
    logger,
  });
  const graphql = createGraphqlListener({
    answer,
    trustProxy: config.trustProxy,
    maxShortBytes: MAX_BODY_BYTES,
    isStopping: () => health.isStopping,
    logger,
  });
  const server = createServer(
    createRouter({
      ...telemetry.routes,
      '/graphql': graphql,
      '/health/live': health.live,
      '/health/ready': health.ready,
    }),
  );
  // Longer than a load balancer keeps its own end: who closes first has no request under way.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  server.once('listening', authenticator.start);
  return {
    ...databases,
    background,
    databaseReports,
    monitor,
    history,
    gauges,
    plans,
    planTaker,
    checkpoints,
    watching,
    tokens,
    authenticator,
    sweeper,
    jobFeed,
    server,
    health,
    telemetry,
  };
}

/** Listens and gives the URL. Throws PORT_UNAVAILABLE. */
export async function listen({ server }: App, { host, port }: Config): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error;
    throw new StartError(
      'PORT_UNAVAILABLE',
      `Port ${port} of ${host} can't be listened on (${reason}). Set PORT to a free one.`,
      { cause: error },
    );
  }
  const address = server.address();
  const actualPort = typeof address === 'object' && address ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}/graphql`;
}

/** Takes no new requests, lets those that run end, ends subscriptions, and closes the database. */
export async function close(app: App, { shutdownSeconds }: Config): Promise<void> {
  const { server, sweeper, authenticator, jobFeed, history, gauges, watching } = app;
  const { db, longReads, background, plans, planTaker, checkpoints, telemetry } = app;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  jobFeed.close();
  watching.endSubscriptions();
  // A connection that is kept alive would stay for five seconds after its last answer.
  const closeIdle = setInterval(() => server.closeIdleConnections(), 50);
  const cutOff = setTimeout(() => server.closeAllConnections(), shutdownSeconds * 1000);
  await promise;
  clearInterval(closeIdle);
  clearTimeout(cutOff);
  authenticator.stop();
  gauges.stop();
  planTaker.stop();
  await Promise.race([watching.stop(), sleep(1000, null, { ref: false })]);
  // A database that takes nothing keeps nobody.
  await Promise.race([history.stop(), sleep(LAST_FLUSH_MS, null, { ref: false })]);
  // A statement of a request that was cut off may wait for a lock, for as long as that is held.
  const destroyed = Promise.all([
    sweeper.stop().then(() => Promise.all([db.destroy(), longReads.destroy()])),
    background.destroy(),
    Promise.resolve(checkpoints?.stop()).then(() => plans.destroy()),
  ]);
  const closed = Promise.race([destroyed, sleep(1000, null, { ref: false })]);
  await Promise.all([closed, telemetry.close()]);
}
