import { closesAfterMs, type Finding, type FindingSource } from './finding.ts';

/** A finding, and when it is over unless it is seen again. */
export interface SeenFinding extends Finding {
  release: string;
  seenAt: Date;
  closesAt: Date;
}

export interface FindingStore {
  write(finding: SeenFinding): Promise<void>;
  /** Closes those whose time is over. */
  closeOver(now: Date): Promise<void>;
}

interface Options {
  store: FindingStore;
  sources: readonly FindingSource[];
  clock: () => Date;
  release: string;
  onFault(source: string, fault: unknown): void;
}

/** What waits to be written, at most: each is one fault, however often it was seen. */
const MAX_WAITING = 500;

/** Takes what was found from requests as they end and from sources in their turn, and writes it down. */
export class FindingLog {
  readonly #options: Options;
  readonly #waiting = new Map<string, { finding: Finding; seenAt: Date }>();
  readonly #lastLook = new Map<FindingSource, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** On a request's path: it only remembers. */
  note(finding: Finding): void {
    if (this.#waiting.size >= MAX_WAITING && !this.#waiting.has(finding.key)) return;
    this.#waiting.set(finding.key, { finding, seenAt: this.#options.clock() });
  }

  /** Asks the sources whose time has come, writes what was found, and closes what is over. */
  async turn(): Promise<void> {
    const { store, clock, release } = this.#options;
    await this.#look();
    for (const [key, seen] of this.#waiting) {
      const { finding, seenAt } = seen;
      const closesAt = new Date(seenAt.getTime() + closesAfterMs[finding.kind]);
      await store.write({ ...finding, release, seenAt, closesAt });
      // It may have been seen again meanwhile.
      if (this.#waiting.get(key) === seen) this.#waiting.delete(key);
    }
    await store.closeOver(clock());
  }

  async #look(): Promise<void> {
    const { sources, clock, onFault } = this.#options;
    const now = clock().getTime();
    for (const source of sources) {
      const last = this.#lastLook.get(source);
      if (last !== undefined && now - last < source.everyMs) continue;
      this.#lastLook.set(source, now);
      try {
        for (const finding of await source.find()) this.note(finding);
      } catch (fault) {
        onFault(source.name, fault);
      }
    }
  }
}
