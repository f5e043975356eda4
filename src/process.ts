import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { type App, close } from './server.ts';

/**
 * Ends the process well when it is told to: running requests are answered first. SIGTERM comes from who
 * runs the service, maybe behind a load balancer that first has to see that this process isn't ready.
 */
export function stopOnSignals(app: App, config: Config, logger: Logger): void {
  const stop = async (signal: string): Promise<void> => {
    logger.info({ signal }, 'Stopping: running requests may end');
    app.health.stop();
    if (signal === 'SIGTERM') await sleep(config.drainSeconds * 1000);
    await close(app, config);
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
