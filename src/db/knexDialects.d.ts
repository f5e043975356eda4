// Knex ships its dialects without types; this is the part of them that we build on.
declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import type { Knex } from 'knex';

  class BetterSqlite3Client {
    config: Knex.Config;
    connectionSettings: { filename: string };
    _formatBindings(bindings: readonly unknown[] | undefined): unknown[];
  }
  export default BetterSqlite3Client;
}

declare module 'knex/lib/dialects/postgres/index.js' {
  import type { Knex } from 'knex';
  import type { Client } from 'pg';

  class PostgresClient {
    config: Knex.Config;
    acquireRawConnection(): Promise<Client>;
    positionBindings(sql: string): string;
  }
  export default PostgresClient;
}
