import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';

/** What a server tells the benchmark by IPC, once when it listens and again whenever it is asked. */
export interface ServerReport {
  url: string;
  cpuMicroseconds: number;
  residentBytes: number;
  heapUsedBytes: number;
}

/** Of this process and, where it has several, of those that serve for it. */
async function currentReport(url: string): Promise<ServerReport> {
  const workers = Object.values(cluster.workers ?? {}).flatMap((worker) =>
    worker ? [reportOf(worker.process)] : [],
  );
  // Where it may, what is dead is collected first: the heap is then what lives.
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const own = {
    url,
    cpuMicroseconds: user + system,
    residentBytes: rss,
    heapUsedBytes: heapUsed,
  };
  return (await Promise.all(workers)).reduce(
    (total, report) => ({
      url,
      cpuMicroseconds: total.cpuMicroseconds + report.cpuMicroseconds,
      residentBytes: total.residentBytes + report.residentBytes,
      heapUsedBytes: total.heapUsedBytes + report.heapUsedBytes,
    }),
    own,
  );
}

/** Of the server's side: tells that it listens, and answers from then on. */
export function reportToBenchmark(url: string): void {
  const report = async () => process.send?.(await currentReport(url));
  process.on('message', report);
  report();
}

/** The next report. The servers send nothing else. */
export async function nextReport(server: ChildProcess): Promise<ServerReport> {
  const [report] = (await once(server, 'message')) as [ServerReport];
  return report;
}

export async function reportOf(server: ChildProcess): Promise<ServerReport> {
  const report = nextReport(server);
  server.send('report');
  return report;
}
