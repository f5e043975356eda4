import { StartError } from './errors.ts';

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
