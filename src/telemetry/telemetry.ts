import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { requireToken } from '../http/bearer.ts';
import { readOnly } from '../http/router.ts';
import type { PoolReading } from '../perf/gauges.ts';
import type { Monitor } from '../perf/monitor.ts';

/** How long a collector may take for what is left when the process ends. */
const CLOSE_TIMEOUT_MS = 2000;

interface Options {
  config: Config;
  monitor: Monitor;
  /** The connections of each pool, by its name. */
  pools: Readonly<Record<string, () => PoolReading>>;
  logger: Logger;
}

export interface Telemetry {
  /** The paths that it answers. */
  routes: Readonly<Record<string, RequestListener>>;
  close(): Promise<void>;
}

/** Tells others what the monitor saw, where the settings say so. What they don't ask for isn't loaded. */
export async function startTelemetry(options: Options): Promise<Telemetry> {
  const { config, monitor, pools, logger } = options;
  const { onTrace } = monitor;
  const routes: Record<string, RequestListener> = {};
  if (config.metricsToken !== null) {
    const { createMetrics } = await import('./prometheus.ts');
    const answer = readOnly(createMetrics({ onTrace, pools }));
    routes['/metrics'] = requireToken(config.metricsToken, answer);
  }
  if (config.openTelemetry === null) return { routes, close: async () => {} };
  const { exportTraces } = await import('./openTelemetry.ts');
  const exported = exportTraces({
    config: config.openTelemetry,
    release: config.monitor.release,
    databaseSystem: config.database.address.kind === 'sqlite' ? 'sqlite' : 'postgresql',
    onTrace,
    logger,
  });
  return {
    routes,
    close: () =>
      Promise.race([exported.close(), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]),
  };
}
