import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { createApp, listen } from '../../src/server.ts';
import { reportToBenchmark } from '../serverReport.ts';
import { contenders } from './contenders.ts';

// Only the benchmark starts this, and gives it a contender's name.
const name = process.argv[2] as keyof typeof contenders;
const { isMonitored, plugins } = contenders[name];

const config = readConfig({ ...process.env, PORT: '0', LOG_LEVEL: 'silent' });
const app = await createApp({
  config,
  logger: pino({ level: 'silent' }),
  secret: process.env.BENCH_SECRET ?? '',
  isMonitored,
  plugins: await plugins(),
});
app.checkpoints?.start();
const url = await listen(app, config);

reportToBenchmark(url);
process.on('SIGINT', () => process.exit(0));
