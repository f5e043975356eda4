import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { administratorToken, SECRET } from '../authentication.ts';
import { nextReport, reportOf } from '../serverReport.ts';

/** Whether the monitor's memory stays bounded while clients send ever new operations. */
const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '200000' },
    operations: { type: 'string', default: '5000' },
  },
});

/** Different names and different fields: each is an operation of its own, by name and by hash. */
function operation(number: number): string {
  const fields = ['id', 'status', 'model', 'createdAt', 'priority', 'attempt', 'fileSizeBytes'];
  const chosen = fields.filter((_, index) => index === 0 || (number >> index) % 2 === 1);
  return `query Soak${number} { jobs(first: ${1 + (number % 5)}) { edges { node { ${chosen.join(' ')} user { username } } } } }`;
}

const directory = mkdtempSync(join(tmpdir(), 'whisper-soak-'));
const environment = {
  ...process.env,
  DATABASE_URL: `sqlite:${join(directory, 'soak.sqlite')}`,
  DATA_DIRECTORY: directory,
  BENCH_SECRET: SECRET,
};
execFileSync(process.execPath, ['seed/main.ts', '--users', '50', '--jobs', '2000'], {
  cwd: new URL('../../', import.meta.url).pathname,
  env: environment,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const token = await administratorToken({
  kind: 'sqlite',
  filename: join(directory, 'soak.sqlite'),
});
const server = fork(new URL('./server.ts', import.meta.url), ['ours'], {
  env: environment,
  execArgv: ['--expose-gc'],
});
const { url } = await nextReport(server);
const requests = Array.from({ length: Number(options.operations) }, (_, number) => ({
  method: 'POST' as const,
  path: '/graphql',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  body: JSON.stringify({ query: operation(number) }),
}));
const PARTS = 10;
const amount = Math.round(Number(options.requests) / PARTS);
try {
  console.log('| requests | resident MB | living heap MB |\n| --- | --- | --- |');
  for (let part = 1; part <= PARTS; part += 1) {
    // Each part begins at another operation, so that all of them come.
    const from = Math.round(((part - 1) * requests.length) / PARTS);
    const turned = [...requests.slice(from), ...requests.slice(0, from)];
    const result = await autocannon({ url, connections: 16, amount, requests: turned });
    if (result.errors + result.non2xx > 0) throw new Error('requests failed');
    const { residentBytes, heapUsedBytes } = await reportOf(server);
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
    console.log(`| ${part * amount} | ${megabytes(residentBytes)} | ${megabytes(heapUsedBytes)} |`);
  }
} finally {
  server.kill();
  rmSync(directory, { recursive: true, force: true });
}
