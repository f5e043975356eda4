import { isPromise } from 'graphql-yoga';

export type MaybePromise<Value> = Value | PromiseLike<Value>;

/** Goes on with a value: at once where it is there. */
export const whenThere = <Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> => (isPromise(value) ? value.then(next) : next(value));

type Call<Hook> = (hook: Hook) => unknown;

const never = (): boolean => false;

/** Calls hooks one after the other, until it is over. */
export function inTurn<Hook>(
  hooks: readonly Hook[],
  call: Call<Hook>,
  isOver: () => boolean = never,
  from = 0,
): MaybePromise<void> {
  for (let index = from; index < hooks.length; index += 1) {
    // There are as many.
    const called = call(hooks[index] as Hook);
    if (isPromise(called)) return afterwards(called, hooks, call, isOver, index + 1);
    if (isOver()) return;
  }
}

/** A function of its own: in a loop that makes a function, each turn makes variables of its own, 2 kB for a request. */
const afterwards = <Hook>(
  called: PromiseLike<unknown>,
  hooks: readonly Hook[],
  call: Call<Hook>,
  isOver: () => boolean,
  from: number,
): PromiseLike<void> =>
  called.then(() => (isOver() ? undefined : inTurn(hooks, call, isOver, from)));

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
