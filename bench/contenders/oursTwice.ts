import cluster from 'node:cluster';
import { once } from 'node:events';
import type { DatabaseAddress } from '../../src/config.ts';
import type { ServerReport } from '../serverReport.ts';

const PROCESSES = 2;

/** The product in two processes that share a port. Connections are given to them in turn. */
export async function start(address: DatabaseAddress): Promise<string> {
  cluster.setupPrimary({
    exec: new URL('./server.ts', import.meta.url).pathname,
    args: ['ours.ts', JSON.stringify(address)],
  });
  const listening = Array.from({ length: PROCESSES }, async () => {
    // It says that it listens, by its first report.
    const [report] = (await once(cluster.fork(), 'message')) as [ServerReport];
    return report.url;
  });
  const [url = ''] = await Promise.all(listening);
  return url;
}
