import { hashPassword, passwordFingerprint } from '../src/auth/passwords.ts';
import { signingSecret } from '../src/auth/secret.ts';
import { type Config, readConfig } from '../src/config.ts';
import { connect } from '../src/db/client.ts';
import { migrate } from '../src/db/migrate.ts';
import { findUserByUsername, findUserPage, type UserRow, userOrderings } from '../src/db/users.ts';
import { createLogger } from '../src/logger.ts';
import { stopOnSignals } from '../src/process.ts';
import { type App, createApp, listen } from '../src/server.ts';
import { startOrExit } from '../src/startOrExit.ts';
import { fillDemo, isFilled } from './fill.ts';
import { createProgress } from './progress.ts';

/** Large enough that a missing index shows, small enough to wait for: some ten seconds. */
const USERS = 300;
const JOBS = 40_000;

const PASSWORD = 'demo password';

/** Like `npm start`, over a database of its own; a token lasts a month, and only trouble is logged. */
const demoDefaults = {
  DATABASE_URL: 'sqlite:./data/demo.sqlite',
  TOKEN_LIFETIME_MINUTES: '43200',
  LOG_LEVEL: 'warn',
};

/** By a connection of its own, so that the monitor counts what the API sends and nothing else. */
async function prepare({ database }: Config): Promise<void> {
  const db = connect(database);
  try {
    await migrate(db, database.address);
    if (await isFilled(db)) {
      console.log('The demo data is there already.');
      return;
    }
    const progress = createProgress(`Making ${JOBS} jobs of ${USERS} users`, JOBS);
    const hashedPassword = await hashPassword(PASSWORD);
    await fillDemo(db, {
      users: USERS,
      jobs: JOBS,
      now: new Date(),
      hashedPassword,
      onProgress: progress.update,
    });
    progress.stop();
  } finally {
    await db.destroy();
  }
}

/** Somebody who is not an administrator and can log in: the one who did so last. */
async function somebody({ db }: App): Promise<UserRow | null> {
  const { rows } = await findUserPage(db, {
    filter: { role: 'user', isActive: true },
    page: {
      ordering: userOrderings.last_login,
      descending: true,
      limit: 1,
      fromEnd: false,
      after: null,
      before: null,
    },
  });
  const [found] = rows;
  return found ? findUserByUsername(db, found.username) : null;
}

const tokenOf = ({ tokens }: App, user: UserRow): string =>
  tokens.issue({
    userId: user.id,
    passwordFingerprint: passwordFingerprint(user.hashed_password),
  }).token;

async function greeting(app: App, url: string): Promise<string> {
  const administrator = await findUserByUsername(app.db, 'admin');
  const user = await somebody(app);
  if (!administrator || !user) throw new Error('The demo data has no users.');
  const token = tokenOf(app, administrator);
  return `
The API answers at ${url}
Open it in a browser for the playground, with an example in each tab.

A token for an administrator ("${administrator.username}"):
${token}

A token for a user ("${user.username}"):
${tokenOf(app, user)}

Everybody's password is "${PASSWORD}". A query to paste:

curl -s ${url} -H 'Content-Type: application/json' \\
  -H 'Authorization: Bearer ${token}' \\
  -d '{"query":"{ jobs(first: 3) { edges { node { originalFilename status user { username } metadata { language abstract } } } } }"}'

Stop with Ctrl-C.`;
}

await startOrExit(async () => {
  const config = readConfig({ ...demoDefaults, ...process.env });
  const logger = createLogger(config.logLevel);
  const secret = signingSecret(config.token.secret, config.dataDirectory);
  await prepare(config);
  const app = await createApp({ config, logger, secret });
  app.checkpoints?.start();
  app.sweeper.start();
  const url = await listen(app, config);
  console.log(await greeting(app, url));
  stopOnSignals(app, config, logger);
});
