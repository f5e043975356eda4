import { LRUCache } from 'lru-cache';

/** The name of all that have none of their own. */
export const OTHER = 'other';

/** How often a name has to come, once there is no room, before it takes the place of another. */
const CALLS_FOR_A_PLACE = 10;

/**
 * Names that clients choose, of which at most so many are told apart. While there is room, a name has its
 * own place at once; then one that comes again and again takes the place of the one that was not seen for
 * longest. So names that are made up fill no memory, and don't push out those in use for long.
 */
export class BoundedNames {
  readonly #places: LRUCache<string, true>;
  readonly #calls = new LRUCache<string, number>({ max: 1000 });

  constructor(max: number, onForgotten: (name: string) => void) {
    this.#places = new LRUCache<string, true>({
      max,
      dispose: (_value, name, reason) => {
        if (reason === 'evict') onForgotten(name);
      },
    });
  }

  /** The name, or `other`. */
  of(name: string): string {
    if (this.#places.get(name)) return name;
    if (this.#places.size === this.#places.max) {
      const calls = (this.#calls.get(name) ?? 0) + 1;
      this.#calls.set(name, calls);
      if (calls < CALLS_FOR_A_PLACE) return OTHER;
      this.#calls.delete(name);
    }
    this.#places.set(name, true);
    return name;
  }
}
