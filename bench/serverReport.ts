import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What a server tells the benchmark by IPC, once when it listens and again whenever it is asked. */
export interface ServerReport {
  url: string;
  cpuMicroseconds: number;
  residentBytes: number;
  heapUsedBytes: number;
}

/** Of the server's side: tells that it listens, and answers from then on. */
export function reportToBenchmark(url: string): void {
  const report = (): void => {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    process.send?.({
      url,
      cpuMicroseconds: user + system,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
    } satisfies ServerReport);
  };
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
