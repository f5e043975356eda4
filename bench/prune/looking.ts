import { fdatasyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

export interface Watched {
  /** Processes beside this one. */
  pids: readonly number[];
  /** A file on the disk of the database, to be written over and over. */
  file: string;
}

export interface Look {
  /** As of `Date.now()`. */
  at: number;
  /** How long all threads have waited for a processor by then. */
  processorMs: number;
  /** How long the disk took to write a page, begun then. */
  diskMs: number;
}

// Given by `watchDisturbances`.
const { pids, file } = workerData as Watched;

/** Linux counts, in nanoseconds, how long a thread ran and how long it waited to. */
function waitedMs(path: string): number {
  try {
    return Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    // The thread has ended, or this is no Linux.
    return 0;
  }
}

const ownThread = (): number => waitedMs('/proc/thread-self');

function processorMs(): number {
  const threads = readdirSync('/proc/self/task').map((thread) => `/proc/self/task/${thread}`);
  const paths = [...threads, ...pids.map((pid) => `/proc/${pid}`)];
  return paths.reduce((sum, path) => sum + waitedMs(path), 0) - ownThread();
}

let isStopped = false;
parentPort?.on('message', () => {
  isStopped = true;
});

const page = Buffer.alloc(8192);
const opened = openSync(file, 'w');
let looks: Look[] = [];
while (!isStopped) {
  const look = { at: Date.now(), processorMs: processorMs(), diskMs: 0 };
  const [begun, waited] = [performance.now(), ownThread()];
  writeSync(opened, page, 0, page.length, 0);
  fdatasyncSync(opened);
  look.diskMs = performance.now() - begun - (ownThread() - waited);
  looks.push(look);
  if (looks.length >= 100) {
    parentPort?.postMessage(looks);
    looks = [];
  }
  await sleep(10);
}
parentPort?.postMessage(looks);
parentPort?.close();
