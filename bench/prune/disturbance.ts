import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Look, Watched } from './looking.ts';

/** What kept a statement that is none of its own work. */
export interface Disturbance {
  /** How long the threads of both ends waited for a processor, in milliseconds. */
  processorMs: number;
  /** The longest that the disk took meanwhile to write one page for somebody else, in milliseconds. */
  diskMs: number;
}

/** Looks every ten milliseconds at the processes of a statement and at the disk, on a thread of its own. */
export async function watchDisturbances(watched: Watched) {
  const looks: Look[] = [];
  const worker = new Worker(new URL('looking.ts', import.meta.url), { workerData: watched });
  worker.on('message', (some: Look[]) => looks.push(...some));
  await once(worker, 'message');
  return {
    /** What it was between two times of `Date.now()`; to be asked after `stop`. */
    between(from: number, until: number): Disturbance {
      const before = looks.findLast(({ at }) => at <= from);
      const after = looks.find(({ at }) => at >= until) ?? looks.at(-1);
      const meanwhile = looks.filter(({ at, diskMs }) => at < until && at + diskMs > from);
      return {
        processorMs: (after?.processorMs ?? 0) - (before?.processorMs ?? 0),
        diskMs: Math.max(0, ...meanwhile.map(({ diskMs }) => diskMs)),
      };
    },
    async stop(): Promise<void> {
      worker.postMessage('stop');
      await once(worker, 'exit');
    },
  };
}
