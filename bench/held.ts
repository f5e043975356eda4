import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openDatabases } from './growth/databases.ts';
import { type Operation, round } from './held/operations.ts';
import type { HeldReport, Ready } from './held/server.ts';

/** What holds the thread that serves, on SQLite, under a mixed load with a tenth of writes. */
const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: '200000' },
    seconds: { type: 'string', default: '60' },
    /** Requests a second, whether answers come or not. */
    rate: { type: 'string', default: '100' },
  },
});

interface Answer {
  errors?: { message: string }[];
}

async function send(ready: Ready, operation: Operation, index: number): Promise<void> {
  const { as, query, variables } = operation;
  const [administrator, ...users] = ready.tokens;
  const token = {
    administrator,
    user: users[index % users.length],
    worker: ready.workerKey,
  }[as];
  const response = await fetch(ready.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: variables?.(index) }),
  });
  const { errors } = (await response.json()) as Answer;
  if (errors) throw new Error(`${operation.name}: ${JSON.stringify(errors)}`);
}

/** Sends at a steady rate and waits for the last answer; gives how many were sent. */
async function load(ready: Ready, seconds: number): Promise<number> {
  const rate = Number(options.rate);
  const begun = performance.now();
  const running: Promise<void>[] = [];
  for (let index = 0; index < seconds * rate; index += 1) {
    const operation = round[index % round.length];
    if (operation) {
      const answered = send(ready, operation, index);
      // Told when all are waited for.
      answered.catch(() => {});
      running.push(answered);
    }
    const due = begun + ((index + 1) * 1000) / rate;
    if (due > performance.now()) await sleep(due - performance.now());
  }
  await Promise.all(running);
  return running.length;
}

const milliseconds = (value: number): string => value.toFixed(1);

function written(report: HeldReport, count: number, logBytes: number): string {
  const statements = report.statements.toSorted((one, other) => other.maxCpuMs - one.maxCpuMs);
  const rows = statements
    .slice(0, 10)
    .map(
      ({ text, calls, maxMs, maxCpuMs, long }) =>
        `| \`${text.slice(0, 90).replaceAll('|', '\\|')}\` | ${calls} | ${milliseconds(maxCpuMs)} | ${milliseconds(maxMs)} | ${long} |`,
    );
  const calls = statements.reduce((sum, statement) => sum + statement.calls, 0);
  const long = statements.reduce((sum, statement) => sum + statement.long, 0);
  const holds = Map.groupBy(report.holds, ({ kind }) => kind);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return `# What holds the thread

SQLite, ${Number(options.jobs).toLocaleString('en')} jobs, ${count.toLocaleString('en')} requests of a mixed load at ${options.rate} a second.
${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus()[0]?.model} × ${cpus().length}, load average of the machine ${loadavg().map(milliseconds).join(', ')}.

Work is what the thread itself did (\`process.threadCpuUsage\`): on a machine that does other things too, the
clock also counts those.

| | work | by the clock |
| --- | --- | --- |
| Statements on the thread that serves | ${calls} | |
| The longest | ${milliseconds(statements[0]?.maxCpuMs ?? 0)} ms | ${milliseconds(Math.max(...statements.map(({ maxMs }) => maxMs)))} ms |
| Of 10 ms of work and more | ${long} | |
| Statements on other threads | ${report.elsewhere} | |
| The longest of those | | ${milliseconds(report.longestElsewhereMs)} ms |
| Delay of the event loop, median | ${milliseconds(report.work.p50Ms)} ms | ${milliseconds(report.delay.p50Ms)} ms |
| p99 | ${milliseconds(report.work.p99Ms)} ms | ${milliseconds(report.delay.p99Ms)} ms |
| The longest | ${milliseconds(report.work.maxMs)} ms | ${milliseconds(report.delay.maxMs)} ms |

The log of SQLite was ${(logBytes / 1024 ** 2).toFixed(1)} MiB at its longest.

What the monitor noted of 10 ms and more: ${
    [...holds]
      .map(
        ([kind, found]) =>
          `${kind} ${found.length} × (the longest ${milliseconds(Math.max(...found.map(({ ms }) => ms)))} ms)`,
      )
      .join(', ') || 'nothing'
  }.

| statement that held the thread | calls | most work, ms | longest, ms | of 10 ms of work and more |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const { addresses } = await openDatabases('sqlite', [Number(options.jobs)]);
const [address] = addresses;
if (address?.kind !== 'sqlite') throw new Error('there is no database');
const directory = mkdtempSync(join(tmpdir(), 'whisper-held-'));
const filename = join(directory, 'held.sqlite');
copyFileSync(address.filename, filename);
const server = fork(new URL('./held/server.ts', import.meta.url), {
  env: { ...process.env, DATABASE_URL: `sqlite:${filename}`, DATA_DIRECTORY: directory },
});
try {
  const [ready] = (await once(server, 'message')) as [Ready];
  await load(ready, 5);
  server.send('begin');
  const count = await load(ready, Number(options.seconds));
  const answered = once(server, 'message');
  server.send('report');
  const [report] = (await answered) as [HeldReport];
  // The file does not become shorter while it is open.
  const text = written(report, count, statSync(`${filename}-wal`).size);
  mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
  writeFileSync(new URL('./results/held.md', import.meta.url), text);
  console.log(text);
} finally {
  server.kill();
  rmSync(directory, { recursive: true, force: true });
}
