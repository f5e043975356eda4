export const findingKinds = [
  'n_plus_one',
  'slow_statement',
  'missing_index',
  'regression',
  'setting',
  'index',
  'lock',
  'drift',
  'flush',
] as const;

export type FindingKind = (typeof findingKinds)[number];

export const findingLevels = ['info', 'warning', 'critical'] as const;

export type FindingLevel = (typeof findingLevels)[number];

/** Something that somebody should look at: what it is, how it is known, and what to do. */
export interface Finding {
  /** The same for the same fault in every process and at all times. */
  key: string;
  kind: FindingKind;
  level: FindingLevel;
  /** A sentence. */
  what: string;
  /** The request that shows it, where one does. */
  traceId: string | null;
  /** The statement that shows it, values left out, where one does. */
  statement: string | null;
  /** A sentence. */
  remedy: string;
  /** To paste; null where no SQL would do. */
  remedySql: string | null;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * How long after it was seen last something is over. What requests show needs the requests to come
 * again; what is looked for is over when it was not found the next few times.
 */
export const closesAfterMs: Record<FindingKind, number> = {
  n_plus_one: DAY_MS,
  slow_statement: DAY_MS,
  missing_index: DAY_MS,
  regression: 2 * 3_600_000,
  setting: 3 * 3_600_000,
  index: 3 * 3_600_000,
  lock: 2 * MINUTE_MS,
  drift: 10 * MINUTE_MS,
  flush: 2 * MINUTE_MS,
};

/** Looks for something when it is asked to, every so often. */
export interface FindingSource {
  name: string;
  everyMs: number;
  find(): Promise<Finding[]>;
}
