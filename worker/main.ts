import { pino } from 'pino';
import { Api, Refusal, Unanswered } from './api.ts';
import { delayMs, pause } from './backoff.ts';
import { findModels, findProgram } from './installation.ts';
import { type Claim, doJob, type Worker } from './job.ts';
import { claimNextJob } from './operations.ts';
import { readSettings } from './settings.ts';
import { WorkerFault } from './workerFault.ts';

/** Codes of a key that is good for nothing here. */
const refusedKey = ['UNAUTHENTICATED', 'FORBIDDEN'];

async function claim({ api, settings }: Worker, models: string[]): Promise<Claim | null> {
  const { leaseSeconds } = settings;
  try {
    return (await api.send(claimNextJob, { models, leaseSeconds })).claimNextJob;
  } catch (error) {
    if (error instanceof Refusal && refusedKey.includes(error.code)) {
      throw new WorkerFault('KEY_REFUSED', `The server refused the key: ${error.message}`);
    }
    throw error;
  }
}

/** Takes one job after another until it is told to stop. Throws a WorkerFault where it can't go on. */
async function workOn(worker: Worker): Promise<void> {
  const { settings, logger, stop } = worker;
  let failures = 0;
  while (!stop.aborted) {
    // Looked at each time: nothing is claimed that can't be done.
    const program = findProgram(settings);
    const models = findModels(settings);
    try {
      const claimed = await claim(worker, models);
      failures = 0;
      if (claimed) await doJob(claimed, { ...worker, program });
      else await pause(settings.pollSeconds * 1000, stop);
    } catch (error) {
      if (!(error instanceof Unanswered || error instanceof Refusal)) throw error;
      failures += 1;
      const waitMs = Math.round(delayMs(failures));
      logger.warn({ reason: error.message, waitMs }, 'No job could be claimed; trying on');
      await pause(waitMs, stop);
    }
  }
}

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  const logger = pino({ base: null });
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal }, 'Stopping');
      stopping.abort();
    });
  }
  await workOn({ api: new Api(settings), settings, logger, stop: stopping.signal });
} catch (error) {
  if (!(error instanceof WorkerFault)) throw error;
  console.error(`${error.fault}: ${error.message}`);
  process.exitCode = error.status;
}
