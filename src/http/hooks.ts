import { isPromise } from 'graphql-yoga';

export type MaybePromise<Value> = Value | PromiseLike<Value>;

/** Goes on with a value: at once where it is there. */
export const whenThere = <Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> => (isPromise(value) ? value.then(next) : next(value));

/** Calls hooks one after the other, until it is over. */
export function inTurn<Hook>(
  hooks: readonly Hook[],
  call: (hook: Hook) => unknown,
  isOver: () => boolean = () => false,
  from = 0,
): MaybePromise<void> {
  for (let index = from; index < hooks.length; index += 1) {
    // There are as many.
    const called = call(hooks[index] as Hook);
    if (isPromise(called)) {
      return called.then(() => (isOver() ? undefined : inTurn(hooks, call, isOver, index + 1)));
    }
    if (isOver()) return;
  }
}

export type Around<Payload> =
  | ((payload: Payload, run: () => Promise<void> | void) => MaybePromise<void>)
  | undefined;

/** Runs something within what plugins put around it, and gives what it gives. */
export function within<Payload, Value>(
  around: Around<Payload>,
  payload: Payload,
  run: () => MaybePromise<Value>,
): MaybePromise<Value> {
  if (!around) return run();
  let value: MaybePromise<Value> | undefined;
  const ran = around(payload, () => {
    value = run();
    if (isPromise(value)) return Promise.resolve(value).then(() => {});
  });
  // What is put around something has to run it.
  return whenThere(ran, () => value as MaybePromise<Value>);
}
