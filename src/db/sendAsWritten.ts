import type { Knex } from 'knex';

/** A statement as the driver saw it: its parameters already written as the database wants them. */
export interface SentText {
  sql: string;
  bindings: readonly unknown[];
}

/** What our clients have beside Knex's types; a transaction's client gives its own connection. */
interface Sender<Response> {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
  _query(connection: unknown, query: SentText): Promise<{ response: Response }>;
}

/** Runs something on one of the connections. */
export async function withConnection<Connection, Result>(
  db: Knex,
  run: (connection: Connection) => Result | Promise<Result>,
): Promise<Result> {
  const connection: Connection = await db.client.acquireConnection();
  try {
    return await run(connection);
  } finally {
    await db.client.releaseConnection(connection);
  }
}

/**
 * Sends text that was sent before, or is made of such. Knex would take its parameters for bindings that
 * it has to write, and write them once more.
 */
export async function sendAsWritten<Response>(db: Knex, statement: SentText): Promise<Response> {
  // Knex's own type of a client is `any`.
  const client: Sender<Response> = db.client;
  return withConnection(db, async (connection) => {
    const { response } = await client._query(connection, statement);
    return response;
  });
}
