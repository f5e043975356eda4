import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** What the program wrote last of errors, for the message of a failure. */
const KEPT_LINES = 20;
const END_WITHIN_MS = 5000;

export interface Ended {
  /** Null where a signal ended it. */
  status: number | null;
  signal: NodeJS.Signals | null;
  lastLines: string;
}

/** whisper.cpp writes such a line for each further five percent or so. */
const progressLine = /progress\s*=\s*(\d+)\s*%/;

/** The program and all that it started: they are a group of processes of their own. */
function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It ended by itself a moment ago.
  }
}

/**
 * Runs the program until it ends, telling how much is done, from 0 to 1. Where `stop` is aborted before,
 * it is ended. Throws where it can't be started.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  { onProgress, stop }: { onProgress: (progress: number) => void; stop: AbortSignal },
): Promise<Ended> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  // What was said in the recording, which comes again in the file.
  child.stdout.resume();
  createInterface(child.stderr).on('line', (line) => {
    const percent = progressLine.exec(line)?.[1];
    if (percent !== undefined) onProgress(Math.min(Number(percent) / 100, 1));
    else if (lines.push(line.slice(0, 500)) > KEPT_LINES) lines.shift();
  });
  const end = (): void => {
    kill(child, 'SIGTERM');
    setTimeout(() => kill(child, 'SIGKILL'), END_WITHIN_MS).unref();
  };
  stop.addEventListener('abort', end, { once: true });
  if (stop.aborted) end();
  try {
    await once(child, 'close');
  } finally {
    stop.removeEventListener('abort', end);
  }
  return { status: child.exitCode, signal: child.signalCode, lastLines: lines.join('\n') };
}
