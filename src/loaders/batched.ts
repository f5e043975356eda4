import DataLoader from 'dataloader';

/** What all loaders of a request share. */
export interface LoaderOptions {
  /** The most keys in one statement. */
  maxBatchSize: number;
  /** Told of each batch, around its statement: the monitor books the statement to the loader. */
  onBatch<Result>(loader: string, keyCount: number, run: () => Promise<Result>): Promise<Result>;
}

/** A DataLoader with a name, a capped batch and an observer. `find` answers in the order of its keys. */
export function batched<Key, Value, CacheKey = Key>(
  name: string,
  { maxBatchSize, onBatch }: LoaderOptions,
  find: (keys: readonly Key[]) => Promise<readonly Value[]>,
  cacheKeyFn?: (key: Key) => CacheKey,
): DataLoader<Key, Value, CacheKey> {
  return new DataLoader<Key, Value, CacheKey>(
    (keys) => onBatch(name, keys.length, () => find(keys)),
    { name, maxBatchSize, ...(cacheKeyFn && { cacheKeyFn }) },
  );
}
