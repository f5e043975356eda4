import { totalmem } from 'node:os';

/** What this machine, or the container that the process is in, has. */
export function machineMemory(): number {
  const allowed = process.constrainedMemory();
  // Without a limit it is 0, or a number beyond all memory.
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}
