import { type Dispatch, inBatches, type LoaderOptions, ObservedLoader } from './batched.ts';

/** A nested connection's key: the parent, and what is asked of its rows. */
export interface ParentRequest<Parent, Request> {
  parent: Parent;
  request: Request;
  /** The request as a text, once it was written: a key is asked for it four times. */
  shape?: string;
}

/**
 * A loader for a connection inside a list. Parents with the same request share a statement; a list's
 * parents always have it in common, since it comes from the field's arguments.
 */
export function ofEachParent<Parent extends string | number, Request, Value>(
  name: string,
  options: LoaderOptions,
  find: (parents: readonly Parent[], request: Request) => Promise<Map<Parent, Value>>,
  whenNone: () => Value,
) {
  const shapeOf = (key: ParentRequest<Parent, Request>): string => {
    key.shape ??= JSON.stringify(key.request);
    return key.shape;
  };

  /** The values of the parents that have one request in common. */
  async function ofShape(keys: readonly ParentRequest<Parent, Request>[], dispatch: Dispatch) {
    const [first] = keys;
    if (!first) return new Map<Parent, Value>();
    const parents = keys.map(({ parent }) => parent);
    const found = await inBatches(options, dispatch, parents, (batch) =>
      find(batch, first.request),
    );
    return new Map(found.flatMap((values) => [...values]));
  }

  return new ObservedLoader<ParentRequest<Parent, Request>, Value, string>(
    async (keys, dispatch) => {
      const shapes = [...Map.groupBy(keys, shapeOf)];
      const found = new Map(
        await Promise.all(
          shapes.map(async ([shape, ofIt]) => [shape, await ofShape(ofIt, dispatch)] as const),
        ),
      );
      return keys.map((key) => found.get(shapeOf(key))?.get(key.parent) ?? whenNone());
    },
    {
      name,
      ...options,
      cacheKeyFn: (key) => `${key.parent} ${shapeOf(key)}`,
    },
  );
}
