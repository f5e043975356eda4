import type { FieldNode } from 'graphql';
import { type Dispatch, inBatches, type LoaderOptions, ObservedLoader } from './batched.ts';

/** A nested connection's key: the parent, and what is asked of its rows. */
export interface ParentRequest<Parent, Request> {
  parent: Parent;
  request: Request;
}

/** Tells requests apart by what is in them. */
class Requests<Request> {
  readonly #numbers = new Map<Request, number>();
  readonly #texts = new Map<string, number>();

  /** The same for the same content; a request that comes again is not written as a text again. */
  numberOf(request: Request): number {
    let number = this.#numbers.get(request);
    if (number === undefined) {
      const text = JSON.stringify(request);
      number = this.#texts.get(text) ?? this.#texts.size;
      this.#texts.set(text, number);
      this.#numbers.set(request, number);
    }
    return number;
  }
}

/** A loader for a connection inside a list. */
class EachParentLoader<Parent, Request, Value> extends ObservedLoader<
  ParentRequest<Parent, Request>,
  Value,
  string
> {
  readonly #ofFields = new Map<readonly FieldNode[], Request>();

  /** What a field asks for, made once for all entries of a list: it comes from the field's arguments. */
  requestOf(field: readonly FieldNode[], make: () => Request): Request {
    let request = this.#ofFields.get(field);
    if (request === undefined) {
      request = make();
      this.#ofFields.set(field, request);
    }
    return request;
  }
}

/** Parents with the same request share a statement; a list's parents always have it in common. */
export function ofEachParent<Parent extends string | number, Request, Value>(
  name: string,
  options: LoaderOptions,
  find: (parents: readonly Parent[], request: Request) => Promise<Map<Parent, Value>>,
  whenNone: () => Value,
) {
  const requests = new Requests<Request>();

  /** The values of the parents that have one request in common. */
  async function ofRequest(keys: readonly ParentRequest<Parent, Request>[], dispatch: Dispatch) {
    const [first] = keys;
    if (!first) return new Map<Parent, Value>();
    const parents = keys.map(({ parent }) => parent);
    const found = await inBatches(options, dispatch, parents, (batch) =>
      find(batch, first.request),
    );
    return new Map(found.flatMap((values) => [...values]));
  }

  return new EachParentLoader<Parent, Request, Value>(
    async (keys, dispatch) => {
      const groups = [...Map.groupBy(keys, ({ request }) => requests.numberOf(request))];
      const found = new Map(
        await Promise.all(
          groups.map(async ([number, ofIt]) => [number, await ofRequest(ofIt, dispatch)] as const),
        ),
      );
      return keys.map(
        ({ parent, request }) => found.get(requests.numberOf(request))?.get(parent) ?? whenNone(),
      );
    },
    {
      name,
      ...options,
      cacheKeyFn: ({ parent, request }) => `${parent} ${requests.numberOf(request)}`,
    },
  );
}
