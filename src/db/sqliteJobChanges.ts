import Sqlite from 'better-sqlite3';
import type { JobChangeListener, StopWatching } from './jobChanges.ts';

/** How long a change may go unnoticed. A look takes some microseconds. */
const INTERVAL_MS = 100;

/**
 * Looks, over a connection of its own, whether any other connection has written to the file: those of
 * this process and those of others alike. Which rows, SQLite doesn't say.
 */
export function watchSqliteJobs(
  filename: string,
  { onChange, onFault }: JobChangeListener,
): StopWatching {
  // Nothing waits for a lock here: what can't be seen now is seen at the next look.
  const connection = new Sqlite(filename, { readonly: true, timeout: 0 });
  const look = connection.prepare('PRAGMA data_version').pluck();
  let seen: unknown = look.get();
  let seenAt = new Date();
  const timer = setInterval(() => {
    try {
      const lookedAt = new Date();
      const version = look.get();
      const since = seenAt;
      seenAt = lookedAt;
      if (version === seen) return;
      seen = version;
      onChange({ since });
    } catch (fault) {
      onFault(fault);
    }
  }, INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    connection.close();
  };
}
