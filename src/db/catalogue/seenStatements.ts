import { LRUCache } from 'lru-cache';

/** The SQL texts that this process sent, and how often. */
export interface SeenStatements {
  readonly since: Date;
  record(sql: string): void;
  calls(): Map<string, number>;
}

/** More shapes than the API has; beyond, those that were not sent for longest are forgotten. */
const MAX_TEXTS = 2000;

export function createSeenStatements(since: Date): SeenStatements {
  const texts = new LRUCache<string, { calls: number }>({ max: MAX_TEXTS });
  return {
    since,
    record(sql) {
      const seen = texts.get(sql);
      if (seen) seen.calls += 1;
      else texts.set(sql, { calls: 1 });
    },
    calls: () => new Map([...texts.entries()].map(([sql, { calls }]) => [sql, calls])),
  };
}
