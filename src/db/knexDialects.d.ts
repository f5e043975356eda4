// Knex ships its dialects without types; this is the part of them that we build on.
declare module 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js' {
  /** What is to run in it, how, and in which other transaction: Knex alone reads them. */
  export type TransactionOptions = readonly unknown[];

  class SqliteTransaction {
    constructor(client: object, ...options: TransactionOptions);
    begin(connection: object): Promise<unknown>;
    query(connection: object, sql: string): Promise<unknown>;
  }
  export default SqliteTransaction;
}

declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import type { Knex } from 'knex';
  import type SqliteTransaction from 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js';

  class BetterSqlite3Client {
    config: Knex.Config;
    connectionSettings: { filename: string; leavesLog?: boolean };
    /** Tarn's. Transactions have none, and none is there once the client is closed. */
    pool?: {
      /** What nobody has. */
      free: readonly { resource: unknown }[];
      numPendingAcquires(): number;
    };
    transaction(...options: readonly unknown[]): SqliteTransaction;
    acquireConnection(): Promise<object>;
    releaseConnection(connection: object): Promise<void>;
    _formatBindings(bindings: readonly unknown[] | undefined): unknown[];
  }
  export default BetterSqlite3Client;
}

declare module 'knex/lib/dialects/postgres/index.js' {
  import type { Knex } from 'knex';
  import type { Client } from 'pg';

  /** A connection in the pool; disposed where it broke. */
  interface Lent {
    resource: Client & { __knex__disposed?: unknown };
  }

  class PostgresClient {
    config: Knex.Config;
    /** Tarn's, and none once the client is closed. */
    pool?: {
      max: number;
      /** Whether it is closing, and lends nothing more. */
      destroyed: boolean;
      /** What nobody has, the one that was used last at the end. */
      free: Lent[];
      used: Lent[];
      numPendingAcquires(): number;
    };
    acquireConnection(): Promise<object>;
    releaseConnection(connection: object): Promise<void>;
    acquireRawConnection(): Promise<Client>;
    positionBindings(sql: string): string;
  }
  export default PostgresClient;
}

declare module 'pg/lib/utils.js' {
  /** A value as it is sent: null, bytes or a text. */
  export function prepareValue(value: unknown): null | Buffer | string;
}
