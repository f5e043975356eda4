import type { Knex } from 'knex';
import { afterAll, beforeAll } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import type { SentStatement } from '../../src/db/dialect.ts';
import { createLogger } from '../../src/logger.ts';
import { type App, type AppOptions, close, createApp, listen } from '../../src/server.ts';
import { Client } from './client.ts';
import type { DatabaseKind, TestDatabase } from './databases.ts';
import { Given } from './given.ts';

export interface TestApi {
  url: string;
  app: App;
  db: Knex;
  config: Config;
  /** Without credentials. */
  client: Client;
  given: Given;
  /** All statements since `forgetStatements`, as the database layer sent them. */
  statements: SentStatement[];
  forgetStatements(): void;
  stop(): Promise<void>;
}

export type ApiOptions = Partial<Omit<AppOptions, 'config'>> & {
  config?: Partial<Config>;
  poolSize?: number;
};

/** A server on a free port, over a database of its own. */
export async function startApi(
  { address }: TestDatabase,
  { config: changes, poolSize = 4, ...options }: ApiOptions = {},
): Promise<TestApi> {
  const config: Config = {
    ...readConfig({ PORT: '0', LOG_LEVEL: 'silent', DATABASE_POOL_SIZE: '4' }),
    database: { address, poolSize },
    port: 0,
    ...changes,
  };
  const statements: SentStatement[] = [];
  const app = await createApp({
    logger: createLogger(config.logLevel),
    secret: 'a secret that only tests know, and long enough',
    // All that can be compiled is, so that the tests see what clients get.
    compileAt: 1,
    onStatement: (statement) => statements.push(statement),
    ...options,
    config,
  });
  const url = await listen(app, config);
  const client = new Client(url);
  return {
    url,
    app,
    db: app.db,
    config,
    client,
    given: new Given(app.db, app.tokens, client),
    statements,
    forgetStatements() {
      statements.length = 0;
    },
    stop: () => close(app, config),
  };
}

/** In a `describe`: one server for all its tests. The object is filled before the first of them. */
export function useApi(kind: DatabaseKind, options?: ApiOptions): TestApi {
  const api = {} as TestApi;
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    database = await kind.create();
    Object.assign(api, await startApi(database, options));
  });
  afterAll(async () => {
    await api.stop?.();
    await database?.drop();
  });
  return api;
}
