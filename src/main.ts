import { createFirstAdministrator } from './auth/firstAdministrator.ts';
import { signingSecret } from './auth/secret.ts';
import { readConfig } from './config.ts';
import { migrate } from './db/migrate.ts';
import { environment } from './environment.ts';
import { createLogger } from './logger.ts';
import { stopOnSignals } from './process.ts';
import { createApp, listen } from './server.ts';
import { startOrExit } from './startOrExit.ts';

const HOUR_MS = 3_600_000;

await startOrExit(async () => {
  const config = readConfig(environment());
  const logger = createLogger(config.logLevel);
  const secret = signingSecret(config.token.secret, config.dataDirectory);
  const app = await createApp({ config, logger, secret });
  app.checkpoints?.start();
  const migrations = await migrate(app.db, config.database.address);
  if (migrations.length > 0) logger.info({ migrations }, 'Migrated the database');
  const administrator = await createFirstAdministrator(app.db);
  if (administrator) {
    console.log(
      `The first administrator is "${administrator.username}" with the password "${administrator.password}".\n` +
        'It is shown only now, and has to be changed at the first login.',
    );
  }
  // Before it says that it listens: whoever waits for that may stop it at once.
  stopOnSignals(app, config, logger);
  app.sweeper.start();
  app.watching.start();
  const url = await listen(app, config);
  logger.info({ url }, 'Listening');
  const sample = (): Promise<void> =>
    app.databaseReports.sampleTables().catch((error: unknown) => {
      logger.warn({ err: error }, 'The sizes of the tables were not kept');
    });
  await sample();
  setInterval(sample, HOUR_MS).unref();
});
