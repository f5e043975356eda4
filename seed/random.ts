/** At least one element, so that picking always gives one. */
export type Choices<Value> = readonly [Value, ...Value[]];

/** Values with their shares, which add up to 1. */
export type Shares<Value> = Choices<readonly [Value, number]>;

/** Chance that repeats itself: the same seed gives the same numbers. */
export interface Random {
  /** From 0 up to 1, which it never is. */
  fraction(): number;
  between(from: number, to: number): number;
  /** A whole number; both bounds can be met. */
  whole(from: number, to: number): number;
  /** Positive, mostly below the mean, now and then far above it. */
  exponential(mean: number): number;
  chance(probability: number): boolean;
  pick<Value>(choices: Choices<Value>): Value;
  share<Value>(shares: Shares<Value>): Value;
  shuffled<Value>(values: readonly Value[]): Value[];
  bytes(length: number): Uint8Array;
}

/** Mulberry32: a counter and a hash of it, 32 bits a step. */
function mulberry32(seed: number): () => number {
  let counter = seed | 0;
  return () => {
    counter = (counter + 0x6d2b79f5) | 0;
    let mixed = Math.imul(counter ^ (counter >>> 15), counter | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export function createRandom(seed: number): Random {
  const next = mulberry32(seed);
  const fraction = () => next() / 2 ** 32;
  const whole = (from: number, to: number) => from + Math.floor(fraction() * (to - from + 1));
  return {
    fraction,
    whole,
    between: (from, to) => from + fraction() * (to - from),
    exponential: (mean) => -mean * Math.log(1 - fraction()),
    chance: (probability) => fraction() < probability,
    pick: (choices) => choices[whole(0, choices.length - 1)] ?? choices[0],
    share(shares) {
      let left = fraction();
      for (const [value, share] of shares) {
        left -= share;
        if (left < 0) return value;
      }
      // Shares of a tenth don't add up to 1 exactly.
      return shares[0][0];
    },
    shuffled: (values) =>
      values
        .map((value) => ({ value, place: fraction() }))
        .sort((one, other) => one.place - other.place)
        .map(({ value }) => value),
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  };
}
