import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { StartError } from './errors.ts';
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

/** Runs `start`; where it can't, says why in one message and exits with the status of the fault. */
export async function startOrExit(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(`${error.fault}: ${error.message}`);
    process.exit(error.status);
  }
}
