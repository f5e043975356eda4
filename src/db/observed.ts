import type { Knex } from 'knex';
import type { SentStatement, StatementListener } from './dialect.ts';

/** Our own entries in Knex's config: transactions share their client's config, so theirs are observed too. */
export interface ObservedConfig extends Knex.Config {
  onStatement?: StatementListener;
  /** Whose the statement is that is being sent; null where it is nobody's. */
  asker?: () => unknown;
}

/** Who asks now; only our own configurations know it. */
export const askerOf = (config: Knex.Config): unknown =>
  (config as ObservedConfig).asker?.() ?? null;

interface Outcome<Result> {
  result: Result;
  rowCount: number;
}

/** How long each connection was waited for, until its first statement. */
const waits = new WeakMap<object, number>();

/** Notes how long a connection is waited for, so that its next statement can tell. */
export async function awaited<Connection extends object>(
  acquire: () => Promise<Connection>,
): Promise<Connection> {
  const startedAt = performance.now();
  const connection = await acquire();
  waits.set(connection, performance.now() - startedAt);
  return connection;
}

function takeWait(connection: object): number | null {
  const waitedMs = waits.get(connection);
  if (waitedMs === undefined) return null;
  waits.delete(connection);
  return waitedMs;
}

interface Sent {
  connection: object;
  sql: string;
  bindings: readonly unknown[];
}

/** Runs a statement and tells the listener what it cost, whether it succeeds or not. */
export async function observed<Result>(
  { onStatement }: ObservedConfig,
  { connection, sql, bindings }: Sent,
  run: () => Outcome<Result> | Promise<Outcome<Result>>,
): Promise<Result> {
  if (!onStatement) return (await run()).result;
  const waitedMs = takeWait(connection);
  const startedAt = performance.now();
  let holdsThread = true;
  const tell = (rowCount: number, failed: boolean): void => {
    const durationMs = performance.now() - startedAt;
    onStatement({
      sql,
      bindings,
      startedAt,
      durationMs,
      waitedMs,
      holdsThread,
      rowCount,
      failed,
    } satisfies SentStatement);
  };
  try {
    const pending = run();
    holdsThread = !(pending instanceof Promise);
    // A synchronous driver's time ends here, not when its promise is read.
    const { result, rowCount } = pending instanceof Promise ? await pending : pending;
    tell(rowCount, false);
    return result;
  } catch (error) {
    tell(0, true);
    throw error;
  }
}
