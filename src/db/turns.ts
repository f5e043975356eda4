interface Line {
  running: number;
  waiting: (() => void)[];
}

/**
 * Lets everyone who asks have so many connections at a time. Who asks for more stands in line anew for each,
 * behind those who came meanwhile: else a hundred counts in one request would keep out all others.
 */
export class Turns {
  readonly #atOnce: number;
  readonly #lines = new Map<unknown, Line>();
  readonly #endTurn = new WeakMap<object, () => void>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Takes a connection for who asks; for nobody, at once. */
  async acquire(asker: unknown, acquire: () => Promise<object>): Promise<object> {
    const endTurn = asker === null ? () => {} : await this.#begin(asker);
    try {
      const connection = await acquire();
      this.#endTurn.set(connection, endTurn);
      return connection;
    } catch (error) {
      endTurn();
      throw error;
    }
  }

  async release(connection: object, release: () => Promise<void>): Promise<void> {
    // Once it is released, it may be somebody else's.
    const endTurn = this.#endTurn.get(connection);
    await release();
    endTurn?.();
  }

  async #begin(asker: unknown): Promise<() => void> {
    const line = this.#lines.get(asker) ?? { running: 0, waiting: [] };
    this.#lines.set(asker, line);
    if (line.running < this.#atOnce) line.running += 1;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    return () => {
      const next = line.waiting.shift();
      if (next) return next();
      line.running -= 1;
      if (line.running === 0) this.#lines.delete(asker);
    };
  }
}
