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

/** The parts of a span that the others leave, and its length. */
function remainder(span: Span, covered: readonly Span[]): Span[] {
  let parts = [span];
  for (const { from, to } of covered) {
    parts = parts.flatMap((part) =>
      [
        { from: part.from, to: Math.min(part.to, from) },
        { from: Math.max(part.from, to), to: part.to },
      ].filter((left) => left.to > left.from),
    );
  }
  return parts;
}

const lengthOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, { from, to }) => sum + to - from, 0);

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
  const covered: Span[] = [];
  const entries = new Map<string, BlameEntry>();
  let blamedMs = 0;
  const isOwn = (hold: Hold): boolean => hold.traceId === id;
  // Its own first: what it did itself is nobody else's fault, even where garbage was collected in it.
  // Then in the order of their ends, so that what is inside comes before what is around it.
  const ordered = holds.toSorted(
    (a, b) => Number(isOwn(b)) - Number(isOwn(a)) || a.endedAt - b.endedAt,
  );
  for (const hold of ordered) {
    const span = { from: Math.max(from, hold.startedAt), to: Math.min(to, hold.endedAt) };
    if (span.to <= span.from) continue;
    const left = remainder(span, covered);
    covered.push(...left);
    if (isOwn(hold)) continue;
    const lostMs = lengthOf(left);
    blamedMs += lostMs;
    const key = `${hold.traceId} ${hold.kind} ${hold.name}`;
    const entry = entries.get(key);
    if (entry) entry.lostMs += lostMs;
    else {
      const { kind, name, operationName, traceId } = hold;
      entries.set(key, { kind, name, operationName, traceId, lostMs });
    }
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
