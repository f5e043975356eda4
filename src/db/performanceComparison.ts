import type { Knex } from 'knex';
import { dialectOf, select } from './client.ts';

/** From one moment to before another. */
export interface ComparedPeriod {
  from: string;
  until: string;
}

export interface ComparisonRequest {
  kind: string;
  /** Their places tell them apart in the answer. */
  periods: readonly ComparedPeriod[];
  /** What has fewer calls in one of the periods is left out. */
  minimumCalls: number;
  /** What never took so long in one of the periods after the first is left out too. */
  minimumMs: number;
  /** Names, at most: those that took most time in all. */
  limit: number;
  /** When it is given up: somebody may hold the table. */
  timeoutMs: number;
}

/** How long most calls of a name took in a period. */
export interface ComparedDurationRow {
  family: string;
  name: string;
  hash: string;
  /** The place of the period. */
  period: number;
  calls: number;
  /** 95 of 100 calls took so many microseconds at most. */
  p95_microseconds: number;
}

/**
 * The 95th percentiles of names in several periods. The histograms are added up by the database: an hour
 * of them is some megabytes, and what is asked for some numbers.
 */
export async function compareDurations(
  db: Knex,
  { kind, periods, minimumCalls, minimumMs, limit, timeoutMs }: ComparisonRequest,
): Promise<ComparedDurationRow[]> {
  const counted = periods.map(
    (_period, place) =>
      `SELECT ${place} AS period, id, family, metric_name, name_hash, calls, value, max_value
         FROM performance_metrics WHERE metric_type = ? AND timestamp >= ? AND timestamp < ?`,
  );
  return select<ComparedDurationRow>(
    db,
    `WITH counted AS (${counted.join(' UNION ALL ')}),
     named AS (
       SELECT family, min(name) AS name, min(hash) AS hash
         FROM (SELECT family, min(metric_name) AS name, min(name_hash) AS hash, sum(value) AS total
                 FROM counted GROUP BY family, period
               HAVING sum(calls) >= ? AND (period = 0 OR max(max_value) >= ?)) AS summed
        GROUP BY family HAVING count(*) = ${periods.length}
        ORDER BY sum(total) DESC, family LIMIT ${limit}
     ),
     entries AS (
       SELECT counted.family, counted.period, CAST(entry.key AS integer) AS microseconds,
              sum(CAST(entry.value AS bigint)) AS calls
         FROM named
         JOIN counted ON counted.family = named.family
         JOIN performance_metrics AS metric ON metric.id = counted.id
        CROSS JOIN ${dialectOf(db).entriesOf('metric.histogram')} AS entry
        GROUP BY 1, 2, 3
     ),
     ranked AS (
       SELECT family, period, microseconds,
              sum(calls) OVER (PARTITION BY family, period ORDER BY microseconds) AS reached,
              sum(calls) OVER (PARTITION BY family, period) AS calls
         FROM entries
     )
     SELECT named.family, named.name, named.hash, ranked.period, ranked.calls,
            min(ranked.microseconds) AS p95_microseconds
       FROM ranked JOIN named ON named.family = ranked.family
      WHERE ranked.reached * 100 >= ranked.calls * 95
      GROUP BY named.family, named.name, named.hash, ranked.period, ranked.calls`,
    [...periods.flatMap(({ from, until }) => [kind, from, until]), minimumCalls, minimumMs],
    timeoutMs,
  );
}
