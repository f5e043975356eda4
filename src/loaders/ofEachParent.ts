import { batched, type LoaderOptions } from './batched.ts';

/** A nested connection's key: the parent, and what is asked of its rows. */
export interface ParentRequest<Parent, Request> {
  parent: Parent;
  request: Request;
}

/**
 * A loader for a connection inside a list. Parents with the same request share a statement; a list's
 * parents always have it in common, since it comes from the field's arguments.
 */
export function ofEachParent<Parent extends string | number, Request, Value>(
  name: string,
  options: LoaderOptions,
  find: (parents: readonly Parent[], request: Request) => Promise<Map<Parent, Value>>,
  whenNone: (request: Request) => Value,
) {
  const shapeOf = (request: Request): string => JSON.stringify(request);
  return batched<ParentRequest<Parent, Request>, Value, string>(
    name,
    options,
    async (keys) => {
      const shapes = Map.groupBy(keys, ({ request }) => shapeOf(request));
      const found = new Map<string, Map<Parent, Value>>();
      for (const [shape, [first, ...others]] of shapes) {
        if (!first) continue;
        const parents = [first, ...others].map(({ parent }) => parent);
        found.set(shape, await find(parents, first.request));
      }
      return keys.map(
        ({ parent, request }) => found.get(shapeOf(request))?.get(parent) ?? whenNone(request),
      );
    },
    ({ parent, request }) => `${parent} ${shapeOf(request)}`,
  );
}
