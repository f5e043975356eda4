import { pino } from 'pino';
import { type DatabaseAddress, readConfig } from '../../src/config.ts';
import { createApp, listen } from '../../src/server.ts';

const urlOf = (address: DatabaseAddress): string =>
  address.kind === 'sqlite' ? `sqlite:${address.filename}` : address.url;

/** The product as it is, but for the log, which no other writes, and the sweeper, which would change jobs. */
export async function start(address: DatabaseAddress): Promise<string> {
  const config = readConfig({ ...process.env, DATABASE_URL: urlOf(address), PORT: '0' });
  const app = await createApp({
    config,
    logger: pino({ level: 'silent' }),
    secret: process.env.BENCH_SECRET ?? '',
  });
  app.watching.start();
  app.checkpoints?.start();
  return listen(app, config);
}
