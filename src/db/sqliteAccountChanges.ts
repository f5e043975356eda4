import Sqlite, { type Statement } from 'better-sqlite3';
import type { AccountChangeListener, AccountWatch } from './accountChanges.ts';

/** A look takes some microseconds; requests of the same millisecond share one. */
const LOOK_INTERVAL_MS = 1;

/** Reads, over a connection of its own, how often accounts were changed by anybody. */
export function watchSqliteAccounts(
  filename: string,
  { onChange }: Pick<AccountChangeListener, 'onChange'>,
): AccountWatch {
  let connection: Sqlite.Database | null = null;
  let total: Statement | null = null;
  let seen: unknown = null;
  let lookedAt = Number.NEGATIVE_INFINITY;

  function read(): unknown {
    // Nothing waits for a lock here: what can't be seen now is seen at the next look.
    connection ??= new Sqlite(filename, { readonly: true, timeout: 0 });
    total ??= connection.prepare('SELECT total FROM account_changes').pluck();
    return total.get();
  }

  return {
    begun: Promise.resolve(),
    look() {
      const now = performance.now();
      if (now - lookedAt < LOOK_INTERVAL_MS) return true;
      try {
        const found = read();
        if (found !== seen) onChange();
        seen = found;
        lookedAt = now;
        return true;
      } catch {
        // Locked, or not migrated yet: so it is each time until it can be read.
        return false;
      }
    },
    stop: () => connection?.close(),
  };
}
