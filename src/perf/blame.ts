import type { Hold, HoldKind } from './heldThread.ts';

/** Time that a request lost to one cause. */
export interface BlameEntry {
  kind: HoldKind;
  /** The statement's text, the resolver's field, or the kind. */
  name: string;
  operationName: string | null;
  /** The request that did it. */
  traceId: string | null;
  lostMs: number;
}

/** Where the time of a request went. The three together are the time from when it may have arrived. */
export interface Blame {
  /** Its own work on the thread. */
  ownMs: number;
  /** Waiting for its statements, for a connection, or for its turn among the short work of others. */
  waitingMs: number;
  /** Waiting while somebody else held the thread for long. */
  blamedMs: number;
  /** The most first. */
  entries: BlameEntry[];
}

interface Span {
  from: number;
  to: number;
}

/** A span that is told of, and how much of it is somebody's who comes first. */
interface Covered extends Span {
  lengthMs: number;
}

/**
 * Spans that are added in the order of their ends, none of which is counted twice. What lies within the next is one
 * with it from then on, so that all of them together take a step each, however many held the thread.
 */
class Coverage {
  readonly #covered: Covered[] = [];
  readonly #lengthOf: (span: Span) => number;

  constructor(lengthOf: (span: Span) => number) {
    this.#lengthOf = lengthOf;
  }

  /** Gives how much of it was not told of before. */
  add(span: Span): number {
    const lengthMs = this.#lengthOf(span);
    let knownMs = 0;
    let last = this.#covered.at(-1);
    while (last && last.from >= span.from) {
      knownMs += last.lengthMs;
      this.#covered.pop();
      last = this.#covered.at(-1);
    }
    if (last && last.to > span.from) {
      const shared = this.#lengthOf({ from: span.from, to: last.to });
      this.#covered.pop();
      this.#covered.push({
        from: last.from,
        to: span.to,
        lengthMs: last.lengthMs - shared + lengthMs,
      });
      knownMs += shared;
    } else this.#covered.push({ ...span, lengthMs });
    return lengthMs - knownMs;
  }

  /** What it has, in the order of time. */
  get spans(): readonly Span[] {
    return this.#covered;
  }
}

/** The length of what spans leave of another; they are apart, in the order of time. */
function lengthBeside(spans: readonly Span[]): (span: Span) => number {
  if (spans.length === 0) return ({ from, to }) => to - from;
  return ({ from, to }) =>
    spans.reduce(
      (left, other) => left - Math.max(0, Math.min(to, other.to) - Math.max(from, other.from)),
      to - from,
    );
}

interface Request {
  id: string;
  /** When it may have arrived, and when it was answered, by performance.now(). */
  from: number;
  to: number;
  ownMs: number;
  /** How long the event loop had nothing to do meanwhile. */
  idleMs: number;
}

/** Tells a request's time apart. */
export function blameFor({ id, from, to, ownMs, idleMs }: Request, holds: readonly Hold[]): Blame {
  if (holds.length === 0) {
    const waitingMs = Math.max(idleMs, to - from - ownMs);
    return { ownMs, waitingMs, blamedMs: 0, entries: [] };
  }
  const isOwn = (hold: Hold): boolean => hold.traceId === id;
  // In the order of their ends, so that what is inside comes before what is around it.
  const ordered = holds.toSorted((a, b) => a.endedAt - b.endedAt);
  const within = ({ startedAt, endedAt }: Hold): Span => ({
    from: Math.max(from, startedAt),
    to: Math.min(to, endedAt),
  });
  // What it did itself is nobody else's fault, even where garbage was collected in it.
  const own = new Coverage(lengthBeside([]));
  for (const hold of ordered) if (isOwn(hold)) own.add(within(hold));
  const others = new Coverage(lengthBeside(own.spans));
  const entries = new Map<string, BlameEntry>();
  let blamedMs = 0;
  for (const hold of ordered) {
    if (isOwn(hold)) continue;
    const lostMs = others.add(within(hold));
    blamedMs += lostMs;
    const { kind, name, operationName, traceId } = hold;
    const key = `${traceId} ${kind} ${name}`;
    const entry = entries.get(key);
    if (entry) entry.lostMs += lostMs;
    else entries.set(key, { kind, name, operationName, traceId, lostMs });
  }
  // While the loop was busy with neither, it served others in short turns.
  const turnsMs = Math.max(0, to - from - idleMs - ownMs - blamedMs);
  return {
    ownMs,
    waitingMs: idleMs + turnsMs,
    blamedMs,
    entries: [...entries.values()]
      .filter(({ lostMs }) => lostMs > 0)
      .sort((a, b) => b.lostMs - a.lostMs),
  };
}
