interface Line {
  running: number;
  waiting: (() => void)[];
}

/**
 * Lets everyone who asks have so many connections at a time, and more while there are some to spare. Who asks for more
 * stands in line anew for each, behind those who came meanwhile: else a hundred counts in one request would keep out
 * all others.
 */
export class Turns {
  readonly #atOnce: number;
  readonly #hasSpare: (running: number) => boolean;
  readonly #lines = new Map<unknown, Line>();
  readonly #endTurn = new WeakMap<object, () => void>();
  /** Of all who ask. */
  #running = 0;

  /** Whether there is one to spare is asked with how many turns have begun, whose connections are still to be taken. */
  constructor(atOnce: number, hasSpare: (running: number) => boolean) {
    this.#atOnce = atOnce;
    this.#hasSpare = hasSpare;
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
    await new Promise<void>((begin) => {
      line.waiting.push(begin);
      this.#letBegin(line);
    });
    return () => {
      line.running -= 1;
      this.#running -= 1;
      this.#letBegin(line);
      if (line.running === 0) this.#lines.delete(asker);
    };
  }

  #letBegin(line: Line): void {
    while (line.running < this.#atOnce || this.#hasSpare(this.#running)) {
      const begin = line.waiting.shift();
      if (!begin) return;
      line.running += 1;
      this.#running += 1;
      begin();
    }
  }
}
