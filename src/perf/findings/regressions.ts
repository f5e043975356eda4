import { OTHER } from '../interval.ts';
import type { KeptTrace } from '../keptTraces.ts';
import type { Trace } from '../trace.ts';
import type { Finding, FindingSource } from './finding.ts';

/** What is held against the week before, each name by itself. */
const comparedKinds = ['operation', 'statement'] as const;

export type ComparedKind = (typeof comparedKinds)[number];

interface Period {
  from: string;
  until: string;
}

/** How long a name took in each of some periods, at its 95th percentile. */
export interface ComparedDurations {
  family: string;
  name: string;
  hash: string;
  p95Ms: readonly number[];
}

/** What became slower. */
export interface Regression extends ComparedDurations {
  kind: ComparedKind;
  beforeMs: number;
  nowMs: number;
  factor: number;
}

interface Options {
  /** Of those names alone that have enough calls in each of the periods, and took so long in all but the first. */
  compare(
    kind: ComparedKind,
    periods: readonly Period[],
    minimum: { calls: number; milliseconds: number },
  ): Promise<ComparedDurations[]>;
  /** Nothing counts that began before; empty where nobody let everything begin anew. */
  resetTime(): string;
  traces(): readonly KeptTrace[];
  clock: () => Date;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MS = 7 * 24 * HOUR_MS;

/**
 * Half as long again, and five milliseconds more: a histogram is exact to a hundredth, but weeks differ by
 * a third without a reason, and what is below some milliseconds is how busy the machine was.
 */
const WORSE = { factor: 1.5, moreMs: 5 };

/** What was found stays so until it is clearly better. */
const STILL_WORSE = { factor: 1.25, moreMs: 2.5 };

/**
 * Of fewer calls, one or two that were slow would be the 95th percentile. What is never that slow can't be
 * worse by as much, and most statements never are: their histograms need not be read.
 */
const MINIMUM = { calls: 30, milliseconds: STILL_WORSE.moreMs };

/** Three times as long, and long enough to be noticed by who waits. */
const CRITICAL = { factor: 3, moreMs: 100 };

const isBy = (
  { factor, moreMs }: typeof WORSE,
  { nowMs, beforeMs }: { nowMs: number; beforeMs: number },
): boolean => nowMs >= beforeMs * factor && nowMs >= beforeMs + moreMs;

/** The last two half-hours, and the hours of the week before that they lie in: so old figures stand in hours. */
function periodsAt(now: Date): [before: Period, earlier: Period, later: Period] {
  const end = now.getTime();
  const period = (from: number, until: number): Period => ({
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
  });
  const hourOf = (time: number): number => Math.floor(time / HOUR_MS) * HOUR_MS;
  return [
    period(hourOf(end - HOUR_MS) - WEEK_MS, hourOf(end) + HOUR_MS - WEEK_MS),
    period(end - HOUR_MS, end - HOUR_MS / 2),
    period(end - HOUR_MS / 2, end + 1),
  ];
}

const rounded = (milliseconds: number): number =>
  milliseconds < 10 ? Math.round(milliseconds * 10) / 10 : Math.round(milliseconds);

/** The request that shows it best: the longest of those that are kept. */
function evidenceOf({ kind, hash }: Regression, traces: readonly KeptTrace[]): Trace | null {
  const shows = ({ operationHash, statements }: Trace): boolean =>
    kind === 'operation'
      ? operationHash === hash
      : statements.some((statement) => statement.hash === hash);
  const [longest] = traces
    .map(({ trace }) => trace)
    .filter(shows)
    .toSorted((a, b) => b.totalMs - a.totalMs);
  return longest ?? null;
}

const keyOf = ({ kind, family }: Pick<Regression, 'kind' | 'family'>): string =>
  `regression:${kind}:${family}`;

/** Operations and statements whose 95th percentile is worse than in the same hours of the week before. */
export class Regressions implements FindingSource {
  readonly name = 'regressions';
  readonly everyMs = 10 * MINUTE_MS;
  readonly #options: Options;
  #found: ReadonlyMap<string, Regression> = new Map();

  constructor(options: Options) {
    this.#options = options;
  }

  /** The one that became slower by the greatest factor; null where none did. */
  get worst(): Regression | null {
    const [worst] = [...this.#found.values()].toSorted((a, b) => b.factor - a.factor);
    return worst ?? null;
  }

  async find(): Promise<Finding[]> {
    const { compare, resetTime, traces, clock } = this.#options;
    const periods = periodsAt(clock());
    const [{ from }] = periods;
    const found: Regression[] = [];
    // Where everything began anew within the week, there is nothing to hold it against.
    if (from >= resetTime()) {
      for (const kind of comparedKinds) {
        const compared = await compare(kind, periods, MINIMUM);
        found.push(...compared.flatMap((durations) => this.#judged(kind, durations)));
      }
    }
    this.#found = new Map(found.map((regression) => [keyOf(regression), regression]));
    return found.map((regression) => findingOf(regression, evidenceOf(regression, traces())));
  }

  /** Worse in both half-hours: what is over sooner was a moment. */
  #judged(kind: ComparedKind, durations: ComparedDurations): Regression[] {
    const [beforeMs, ...now] = durations.p95Ms;
    // What is in there is another mixture each time.
    if (beforeMs === undefined || durations.name === OTHER) return [];
    const limit = this.#found.has(keyOf({ kind, ...durations })) ? STILL_WORSE : WORSE;
    const nowMs = Math.min(...now);
    if (!isBy(limit, { nowMs, beforeMs })) return [];
    return [{ ...durations, kind, beforeMs, nowMs, factor: nowMs / beforeMs }];
  }
}

function findingOf(regression: Regression, evidence: Trace | null): Finding {
  const { kind, name, beforeMs, nowMs } = regression;
  const isOperation = kind === 'operation';
  return {
    key: keyOf(regression),
    kind: 'regression',
    level: isBy(CRITICAL, regression) ? 'critical' : 'warning',
    what: `${isOperation ? `The operation ${name}` : 'A statement'} takes ${rounded(nowMs)} ms at its 95th percentile; in the same hours of the week before it took ${rounded(beforeMs)} ms.`,
    traceId: evidence?.id ?? null,
    statement: isOperation ? null : name,
    remedy: isOperation
      ? 'Look at a trace of it, and at what else became slower; compare the release with the one before.'
      : 'Look at its plan in performance { slowQueries } or performance { explain }, at how its tables have grown, and at when they were analyzed last.',
    remedySql: null,
  };
}
