/** Rows a step. Few sizes, since each is a statement of its own text. */
const SIZES = [25, 50, 100, 200];

const SLOW_MS = 50;
const QUICK_MS = 10;

/** How many rows a step takes: fewer where the last took long, more where it was quick. */
export class StepSize {
  readonly #now: () => number;
  #place = 1;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Runs a step with the size of now, and learns from how long it takes. */
  async run<Result>(step: (rows: number) => Promise<Result>): Promise<Result> {
    const startedAt = this.#now();
    try {
      return await step(SIZES[this.#place] ?? 25);
    } finally {
      const tookMs = this.#now() - startedAt;
      if (tookMs > SLOW_MS) this.#place = Math.max(0, this.#place - 1);
      else if (tookMs < QUICK_MS) this.#place = Math.min(SIZES.length - 1, this.#place + 1);
    }
  }
}
