import knex, { type Knex } from 'knex';
import type { Client } from 'pg';
import { connect, knexConfig } from '../../src/db/client.ts';
import { PostgresqlClient } from '../../src/db/postgres.ts';
import { NamedStatement } from '../../src/db/postgresStatement.ts';

/** A database that notes what is sent to it. */
export interface RecordedDatabase {
  name: 'sqlite' | 'postgres';
  db: Knex;
  sent: string[];
}

/** SQLite in memory, with the tables and no rows. */
export async function recordedSqlite(): Promise<RecordedDatabase> {
  const sent: string[] = [];
  const db = connect({
    address: { kind: 'sqlite', filename: ':memory:' },
    poolSize: 1,
    onStatement: ({ sql }) => sent.push(sql),
  });
  await db.migrate.latest();
  // The calls name rows that nobody made.
  await db.raw('PRAGMA foreign_keys = OFF');
  return { name: 'sqlite', db, sent };
}

/** Answers everything with no rows, so that no server is needed. */
class ServerlessClient extends PostgresqlClient {
  override async acquireRawConnection(): Promise<Client> {
    const nothing = { command: 'SELECT', rows: [], rowCount: 0 };
    const connection = {
      query(sent: object) {
        if (!(sent instanceof NamedStatement)) return Promise.resolve(nothing);
        sent.handleCommandComplete({ text: 'SELECT 0' });
        sent.handleReadyForQuery();
        return sent;
      },
      end: (done: () => void) => done(),
    };
    // All that Knex and PostgresqlClient use of a connection.
    return connection as unknown as Client;
  }
}

export function recordedPostgres(): RecordedDatabase {
  const sent: string[] = [];
  const config = knexConfig({
    address: { kind: 'postgres', url: 'postgres://nobody@nowhere/nothing' },
    poolSize: 1,
    onStatement: ({ sql }) => sent.push(sql),
  });
  // Knex's types know nothing of clients that are not its own.
  const client = ServerlessClient as unknown as typeof Knex.Client;
  return { name: 'postgres', db: knex({ ...config, client }), sent };
}
