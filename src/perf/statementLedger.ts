import type { Fingerprint } from './fingerprint.ts';

/** How often a statement succeeded, and how many rows it gave or changed. */
export interface StatementCount {
  calls: number;
  rows: number;
}

/** By fingerprint. */
export type StatementCounts = Readonly<Record<string, StatementCount>>;

export interface LedgerEntry extends StatementCount {
  text: string;
}

/** Far more different statements than a service has; of more, nothing can be said. */
const MAX_FINGERPRINTS = 10_000;

/** What was counted of each statement since the process began. It never begins anew. */
export class StatementLedger {
  readonly #entries = new Map<string, LedgerEntry>();
  #isComplete = true;

  /** Those that failed are left out, as databases count them nowhere. */
  add({ id, text }: Fingerprint, rowCount: number): void {
    let entry = this.#entries.get(id);
    if (!entry) {
      if (this.#entries.size >= MAX_FINGERPRINTS) {
        this.#isComplete = false;
        return;
      }
      entry = { text, calls: 0, rows: 0 };
      this.#entries.set(id, entry);
    }
    entry.calls += 1;
    entry.rows += rowCount;
  }

  /** Whether every statement found room. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  textOf(id: string): string | null {
    return this.#entries.get(id)?.text ?? null;
  }

  /** As it is now. */
  counts(isWanted: (text: string) => boolean = () => true): StatementCounts {
    const counts: Record<string, StatementCount> = {};
    for (const [id, { text, calls, rows }] of this.#entries) {
      if (isWanted(text)) counts[id] = { calls, rows };
    }
    return counts;
  }
}
