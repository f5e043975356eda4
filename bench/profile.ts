import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { administratorToken, SECRET } from './authentication.ts';
import { start } from './contenders/ours.ts';
import { openDatabase } from './database.ts';
import { plotOfShares } from './profile/plot.ts';
import { sharesOf } from './profile/shares.ts';
import { startLoadGenerator } from './running.ts';
import { workloads } from './workloads.ts';

/** Where the time of the processor goes in the API, on SQLite: `npm run bench:profile`. */
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    jobs: { type: 'string', default: '20000' },
    connections: { type: 'string', default: '16' },
  },
});

process.env.NODE_ENV = 'production';
process.env.BENCH_SECRET = SECRET;
const database = await openDatabase('sqlite', { users: 1000, jobs: Number(options.jobs) });
const generator = startLoadGenerator();
try {
  const url = await start(database.address);
  const order = {
    url,
    token: await administratorToken(database.address),
    requests: workloads.jobs20.requests(),
    connections: Number(options.connections),
  };
  // Until it is compiled, what runs is not what is asked about.
  await generator.run({ ...order, seconds: 5 });
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  const { answered, failure } = await generator.run({ ...order, seconds: Number(options.seconds) });
  const { profile } = await session.post('Profiler.stop');
  if (failure !== null) throw new Error(failure);
  const shares = sharesOf(profile);
  const title = `20 jobs with user and metadata on SQLite: ${answered} requests`;
  const directory = join(import.meta.dirname, 'results');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'profile.svg'), plotOfShares(title, shares));
  console.log(title);
  for (const { part, share } of shares) console.log(`${(share * 100).toFixed(1)} % ${part}`);
} finally {
  await generator.stop();
  await database.drop();
}
process.exit();
