import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { SECRET } from './authentication.ts';
import { type Contender, type ContenderName, contenders } from './contenders.ts';
import type { BenchDatabase } from './database.ts';
import type { LoadOrder, LoadResult } from './loadOrder.ts';
import { nextReport, reportOf } from './serverReport.ts';

/** A server, in a process of its own. */
export interface RunningContender {
  name: ContenderName;
  contender: Contender;
  url: string;
  cpuMicroseconds(): Promise<number>;
  stop(): Promise<void>;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Rejects when the process ends, so that nobody waits for what it will not say. */
function ended(child: ChildProcess, what: string): Promise<never> {
  return once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${what} ended by itself (${code ?? signal})`);
  });
}

export async function startContender(
  name: ContenderName,
  { address }: BenchDatabase,
): Promise<RunningContender> {
  const contender: Contender = contenders[name];
  const server = fork(
    new URL('./contenders/server.ts', import.meta.url),
    [contender.file, JSON.stringify(address)],
    { env: { ...process.env, NODE_ENV: 'production', BENCH_SECRET: SECRET } },
  );
  const end = ended(server, contender.title);
  const { url } = await Promise.race([nextReport(server), end]);
  end.catch(() => {});
  return {
    name,
    contender,
    url,
    cpuMicroseconds: async () => (await Promise.race([reportOf(server), end])).cpuMicroseconds,
    stop: () => stopProcess(server),
  };
}

/** What sends the requests, in a process of its own, so that it does not wait for anything else. */
export interface LoadGenerator {
  run(order: LoadOrder): Promise<LoadResult>;
  stop(): Promise<void>;
}

export function startLoadGenerator(): LoadGenerator {
  const generator = fork(new URL('./contenders/load.ts', import.meta.url));
  const end = ended(generator, 'The load generator');
  end.catch(() => {});
  return {
    async run(order) {
      generator.send(order);
      // It sends nothing else.
      const [result] = (await Promise.race([once(generator, 'message'), end])) as [LoadResult];
      return result;
    },
    stop: () => stopProcess(generator),
  };
}
