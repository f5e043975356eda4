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

/** Gives what tells the listener of a statement that begins now. */
function begun(
  { onStatement }: ObservedConfig,
  { connection, sql, bindings }: Sent,
): (holdsThread: boolean, rowCount: number, failed: boolean) => void {
  if (!onStatement) return () => {};
  const waitedMs = takeWait(connection);
  const startedAt = performance.now();
  return (holdsThread, rowCount, failed) => {
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
}

/** Runs a statement and tells the listener what it cost, whether it succeeds or not. */
export async function observed<Result>(
  config: ObservedConfig,
  sent: Sent,
  run: () => Outcome<Result> | Promise<Outcome<Result>>,
): Promise<Result> {
  const tell = begun(config, sent);
  let holdsThread = true;
  try {
    const pending = run();
    holdsThread = !(pending instanceof Promise);
    // A synchronous driver's time ends here, not when its promise is read.
    const { result, rowCount } = pending instanceof Promise ? await pending : pending;
    tell(holdsThread, rowCount, false);
    return result;
  } catch (error) {
    tell(holdsThread, 0, true);
    throw error;
  }
}

/**
 * The same for one that is over when `run` returns, on a connection that was free. Where it gives null the
 * statement was not run: nothing is told, and it is sent once more.
 */
export function observedAtOnce<Result>(
  config: ObservedConfig,
  sent: Sent,
  run: () => Outcome<Result> | null,
): Result | null {
  waits.set(sent.connection, 0);
  const tell = begun(config, sent);
  try {
    const outcome = run();
    if (outcome) tell(true, outcome.rowCount, false);
    return outcome ? outcome.result : null;
  } catch (error) {
    tell(true, 0, true);
    throw error;
  }
}
