import { Aggregate, type AggregateRecord } from './aggregate.ts';

/** What is counted, each by its names. */
export const metricKinds = [
  'operation',
  'resolver',
  'statement',
  'loader',
  'connection',
  'blame',
  'gauge',
  'total',
] as const;

export type MetricKind = (typeof metricKinds)[number];

/** What is also counted as one, so that a look at everything does not read everything. */
export const totalNames = ['operation', 'statement', 'slowStatement'] as const;

export type TotalName = (typeof totalNames)[number];

/** What a figure belongs to. */
export interface MetricKey {
  kind: MetricKind;
  name: string;
  /** Tells those of one name apart: an operation's text, a statement's fingerprint. Empty where the name does. */
  hash: string;
  /** The operation and the client that it was for; empty where no request was. */
  operation: string;
  client: string;
}

export interface Entry extends MetricKey {
  aggregate: Aggregate;
}

/** The name of all that no longer found room. */
export const OTHER = '(other)';

/** Different keys in an interval. Clients choose the names of operations, so they must not fill the memory. */
const MAX_ENTRIES = 5000;

type EntriesOfKind = Map<string, Entry>;

/** The entries of an operation and a client: of each kind by hash, or by name where there is none. */
type EntriesOfCaller = Map<MetricKind, EntriesOfKind>;

/** The member of a map, made where it is not there. */
function memberOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

const newMap = <Key, Value>(): Map<Key, Value> => new Map();

/** Everything that was counted from one flush to the next. Its sums are exact, even where names found no room. */
export class Interval {
  readonly from: Date;
  readonly #maxEntries: number;
  /** By operation and by client. One text of all would have to be made, and hashed, at each count. */
  readonly #callers = new Map<string, Map<string, EntriesOfCaller>>();
  readonly #entries: Entry[] = [];
  /** Calls that were counted under `(other)`. */
  #overflow = 0;

  constructor(from: Date, maxEntries = MAX_ENTRIES) {
    this.from = from;
    this.#maxEntries = maxEntries;
  }

  add(key: MetricKey, durationMs: number, failed: boolean, rows: number): void {
    this.#aggregate(key).add(durationMs, failed, rows);
  }

  /** Keys that a loader had already. */
  addHits(key: MetricKey, hits: number): void {
    this.#aggregate(key).addHits(hits);
  }

  /** Adds what was recorded before. */
  merge(key: MetricKey, record: AggregateRecord): void {
    this.#aggregate(key).merge(record);
  }

  get entries(): Iterable<Entry> {
    return this.#entries;
  }

  get size(): number {
    return this.#entries.length;
  }

  get overflow(): number {
    return this.#overflow;
  }

  #aggregate(key: MetricKey): Aggregate {
    const id = key.hash || key.name;
    const entry = this.#callers.get(key.operation)?.get(key.client)?.get(key.kind)?.get(id);
    return entry ? entry.aggregate : this.#begin(key, id);
  }

  #begin(key: MetricKey, id: string): Aggregate {
    const isFull = this.#entries.length >= this.#maxEntries;
    // There are few of these, so they always find room.
    if (isFull && key.name !== OTHER && key.kind !== 'total') {
      this.#overflow += 1;
      return this.#aggregate({
        kind: key.kind,
        name: OTHER,
        hash: '',
        operation: '',
        client: '',
      });
    }
    const entry = { ...key, aggregate: new Aggregate() };
    const callers = memberOf(this.#callers, key.operation, newMap<string, EntriesOfCaller>);
    const kinds = memberOf(callers, key.client, newMap<MetricKind, EntriesOfKind>);
    memberOf(kinds, key.kind, newMap<string, Entry>).set(id, entry);
    this.#entries.push(entry);
    return entry.aggregate;
  }
}
