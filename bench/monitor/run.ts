import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { administratorToken, SECRET } from '../authentication.ts';
import { nextReport, reportOf } from '../serverReport.ts';
import { type ContenderName, contenders } from './contenders.ts';

/** Twenty jobs with the user and the metadata of each. */
const query = `query JobList { jobs(first: 20) { edges { node {
  id originalFilename model status createdAt durationSeconds
  user { id username } metadata { language tokens wordsPerMinute } } } } }`;

const CONNECTIONS = 16;

interface Round {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMicrosecondsPerRequest: number;
}

interface RunningContender {
  name: ContenderName;
  server: ChildProcess;
  url: string;
  rounds: Round[];
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function start(
  name: ContenderName,
  environment: NodeJS.ProcessEnv,
): Promise<RunningContender> {
  const server = fork(new URL('./server.ts', import.meta.url), [name], { env: environment });
  const { url } = await nextReport(server);
  return { name, server, url, rounds: [] };
}

async function answerOf(url: string, token: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${url}: ${JSON.stringify(errors)}`);
  return JSON.stringify(data);
}

async function load(
  { server, url }: RunningContender,
  token: string,
  seconds: number,
): Promise<Round> {
  const before = await reportOf(server);
  const result = await autocannon({
    url,
    method: 'POST',
    connections: CONNECTIONS,
    duration: seconds,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const after = await reportOf(server);
  const count = result['2xx'];
  if (result.errors + result.non2xx > 0) throw new Error(`${url} failed under load`);
  return {
    requestsPerSecond: count / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    cpuMicrosecondsPerRequest: (after.cpuMicroseconds - before.cpuMicroseconds) / count,
  };
}

function table(running: readonly RunningContender[]): string {
  const bare = running.find(({ name }) => name === 'bare');
  const lines = running.map(({ name, rounds }) => {
    const of = (figure: keyof Round): number => median(rounds.map((round) => round[figure]));
    // Rounds stand beside each other in time, so a ratio within one is what noise disturbs least.
    const ratio = median(
      rounds.map(
        (round, index) =>
          round.requestsPerSecond / (bare?.rounds[index]?.requestsPerSecond ?? Number.NaN),
      ),
    );
    return `| ${contenders[name].title} | ${of('requestsPerSecond').toFixed(0)} | ${ratio.toFixed(3)} | ${of('cpuMicrosecondsPerRequest').toFixed(0)} | ${of('p50Ms')} | ${of('p99Ms')} |`;
  });
  return [
    '| | requests/s | of bare | CPU µs a request | p50 ms | p99 ms |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '20000' },
    only: { type: 'string', default: Object.keys(contenders).join(',') },
  },
});

const root = new URL('../../', import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), 'whisper-bench-'));
const environment = {
  ...process.env,
  DATABASE_URL: `sqlite:${join(directory, 'bench.sqlite')}`,
  DATA_DIRECTORY: directory,
  BENCH_SECRET: SECRET,
};
const running: RunningContender[] = [];
try {
  execFileSync(process.execPath, ['seed/main.ts', '--users', '200', '--jobs', options.jobs], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const token = await administratorToken({
    kind: 'sqlite',
    filename: join(directory, 'bench.sqlite'),
  });
  // A name that is none ends its server at once.
  for (const name of options.only.split(',') as ContenderName[]) {
    running.push(await start(name, environment));
  }
  const answers = new Set(await Promise.all(running.map(({ url }) => answerOf(url, token))));
  if (answers.size !== 1) throw new Error('the contenders do not give the same answer');
  for (const contender of running) await load(contender, token, 2);
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    // Each is first as often as last.
    const order = round % 2 === 0 ? running : running.toReversed();
    for (const contender of order) {
      contender.rounds.push(await load(contender, token, Number(options.seconds)));
    }
    process.stderr.write(`\rround ${round} of ${options.rounds}`);
  }
  process.stderr.write('\n');
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: root,
    encoding: 'utf8',
  });
  const heading = `# What the monitor costs

20 jobs with user and metadata on SQLite, ${CONNECTIONS} connections, ${options.rounds} interleaved rounds of ${options.seconds} s, medians.
${new Date().toISOString().slice(0, 10)}, commit ${commit.trim()}, Node ${process.version}, ${cpus()[0]?.model} × ${cpus().length}.
`;
  const report = `${heading}\n${table(running)}\n`;
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  writeFileSync(join(root, 'bench/results/monitor.md'), report);
  console.log(report);
} finally {
  for (const { server } of running) server.kill();
  rmSync(directory, { recursive: true, force: true });
}
