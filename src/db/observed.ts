import type { Knex } from 'knex';
import type { SentStatement, StatementListener } from './dialect.ts';

/** Our own entry in Knex's config: transactions share their client's config, so theirs are observed too. */
export interface ObservedConfig extends Knex.Config {
  onStatement?: StatementListener;
}

interface Outcome<Result> {
  result: Result;
  rowCount: number;
}

/** Runs a statement and tells the listener what it cost, whether it succeeds or not. */
export async function observed<Result>(
  { onStatement }: ObservedConfig,
  sql: string,
  bindings: readonly unknown[],
  run: () => Outcome<Result> | Promise<Outcome<Result>>,
): Promise<Result> {
  if (!onStatement) return (await run()).result;
  const startedAt = performance.now();
  const tell = (rowCount: number, failed: boolean): void => {
    const durationMs = performance.now() - startedAt;
    onStatement({ sql, bindings, startedAt, durationMs, rowCount, failed } satisfies SentStatement);
  };
  try {
    const pending = run();
    // A synchronous driver's time ends here, not when its promise is read.
    const { result, rowCount } = pending instanceof Promise ? await pending : pending;
    tell(rowCount, false);
    return result;
  } catch (error) {
    tell(0, true);
    throw error;
  }
}
