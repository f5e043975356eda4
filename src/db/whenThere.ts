/**
 * Goes on with a value: at once where it is there already. One promise beneath a request makes each layer above,
 * Yoga's and GraphQL's too, wait by promises of its own.
 */
export const whenThere = <Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> => (value instanceof Promise ? value.then(next) : next(value));
