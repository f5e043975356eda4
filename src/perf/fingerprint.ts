import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** A statement without what differs between its calls. */
export interface Fingerprint {
  /** The text, its values replaced by `?`. */
  text: string;
  /** Short, and the same in every process. */
  id: string;
}

const cache = new LRUCache<string, Fingerprint>({ max: 5000 });

/**
 * Replaces parameters (`?`, `+?`, `$1`), strings and numbers by `?`, and lists of them by one. Names
 * lose their quotes, and those that contain digits stay as they are.
 */
function normalized(sql: string): string {
  return (
    sql
      .replace(/'(?:[^']|'')*'/g, '?')
      // SQLite's and PostgreSQL's ways to quote a name that needs no quotes.
      .replace(/[`"]([a-z_][a-z0-9_]*)[`"]/g, '$1')
      .replace(/\+?\?|\$\d+/g, '?')
      .replace(/(?<![\w"])-?\d+(?:\.\d+)?(?![\w"])/g, '?')
      .replace(/\s+/g, ' ')
      .replace(/\(\?(?:, ?\?)+\)/g, '(?)')
      .replace(/;? $|;$/g, '')
      .trim()
  );
}

export function fingerprintOf(sql: string): Fingerprint {
  let fingerprint = cache.get(sql);
  if (!fingerprint) {
    const text = normalized(sql);
    const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
    fingerprint = { text, id };
    cache.set(sql, fingerprint);
  }
  return fingerprint;
}
