import DataLoader from 'dataloader';

/** What a loader sends off together: all keys that were asked for in one turn. */
export interface Dispatch {
  loader: string;
  /** The paths of the resolvers that asked for a key in it. */
  askers: Set<string>;
  /** How often a key was asked for that was there already. */
  hits: number;
}

/** Sees what loaders do: the monitor books statements to the loader, and to those that asked it. */
export interface LoaderObserver {
  /** The path of the resolver that runs now. */
  asker(): string | null;
  /** Called around the statement of each batch. */
  runBatch<Result>(
    dispatch: Dispatch,
    keyCount: number,
    run: () => Promise<Result>,
  ): Promise<Result>;
}

/** Sees nothing. */
export const unobserved: LoaderObserver = {
  asker: () => null,
  runBatch: (_dispatch, _keyCount, run) => run(),
};

/** What all loaders of a request share. */
export interface LoaderOptions {
  /** The most keys in one statement. */
  maxBatchSize: number;
  observer: LoaderObserver;
}

interface ObservedOptions<Key, CacheKey> extends LoaderOptions {
  name: string;
  cacheKeyFn?: (key: Key) => CacheKey;
}

/** A DataLoader that notes who asks for what. */
export class ObservedLoader<Key, Value, CacheKey = Key> extends DataLoader<Key, Value, CacheKey> {
  readonly #observer: LoaderObserver;
  readonly #cacheKeyOf: (key: Key) => unknown;
  readonly #dispatches = new Map<unknown, Dispatch>();
  readonly #take: () => Dispatch;
  #next: Dispatch;

  constructor(
    find: (keys: readonly Key[], dispatch: Dispatch) => Promise<readonly Value[]>,
    { name, observer, cacheKeyFn }: ObservedOptions<Key, CacheKey>,
  ) {
    const begin = (): Dispatch => ({ loader: name, askers: new Set(), hits: 0 });
    super((keys) => find(keys, this.#take()), { name, ...(cacheKeyFn && { cacheKeyFn }) });
    this.#observer = observer;
    this.#cacheKeyOf = cacheKeyFn ?? ((key) => key);
    this.#next = begin();
    this.#take = () => {
      const taken = this.#next;
      this.#next = begin();
      return taken;
    };
  }

  override load(key: Key): Promise<Value> {
    const cacheKey = this.#cacheKeyOf(key);
    let dispatch = this.#dispatches.get(cacheKey);
    if (dispatch) dispatch.hits += 1;
    else {
      dispatch = this.#next;
      this.#dispatches.set(cacheKey, dispatch);
    }
    const asker = this.#observer.asker();
    if (asker !== null) dispatch.askers.add(asker);
    return super.load(key);
  }
}

/**
 * Sends the keys in batches of at most `maxBatchSize` and waits for all of them. DataLoader's own cap
 * would answer batch by batch, so that what is asked for next comes in pieces, and its batches are
 * not full: 60 keys capped at 7 took up to 10 statements at the next level, not 9.
 */
export async function inBatches<Key, Answer>(
  { maxBatchSize, observer }: LoaderOptions,
  dispatch: Dispatch,
  keys: readonly Key[],
  find: (batch: readonly Key[]) => Promise<Answer>,
): Promise<Answer[]> {
  const batches: Promise<Answer>[] = [];
  for (let start = 0; start < keys.length; start += maxBatchSize) {
    const batch = keys.slice(start, start + maxBatchSize);
    batches.push(observer.runBatch(dispatch, batch.length, () => find(batch)));
  }
  return Promise.all(batches);
}

/** A loader of one value a key, in capped batches. `find` answers in the order of its keys. */
export function batched<Key, Value>(
  name: string,
  options: LoaderOptions,
  find: (keys: readonly Key[]) => Promise<readonly Value[]>,
): DataLoader<Key, Value> {
  return new ObservedLoader<Key, Value>(
    async (keys, dispatch) =>
      (await inBatches(options, dispatch, keys, find)).flatMap((values) => [...values]),
    { name, ...options },
  );
}
