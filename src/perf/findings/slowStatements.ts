import { LRUCache } from 'lru-cache';
import type { Monitor, SlowQuery } from '../monitor.ts';
import type { PlanReading } from '../planReading.ts';
import type { QueryPlan } from '../queryPlan.ts';
import type { Finding, FindingSource } from './finding.ts';

/** Different slow statements whose plans are waited for, at most. */
const MAX_WAITING = 200;

function findingOf({ hash, text, trace }: SlowQuery, reading: PlanReading): Finding {
  const kind = reading.remedy ? 'missing_index' : 'slow_statement';
  return {
    key: `${kind}:${hash}:${reading.kind}:${reading.table ?? ''}`,
    kind,
    level: reading.level,
    what: reading.sentence,
    traceId: trace?.id ?? null,
    statement: text,
    remedy: reading.remedy
      ? 'Make the index, after a look at what else writes to the table.'
      : 'Look at the plan in performance { slowQueries }.',
    remedySql: reading.remedy,
  };
}

/** What the plans of slow statements say, once they are taken. What is only good to know is left out. */
export function slowStatements(
  monitor: Monitor,
  planOf: (hash: string) => QueryPlan | null,
): FindingSource {
  const waiting = new LRUCache<string, SlowQuery>({ max: MAX_WAITING });
  monitor.onSlowQuery((query) => waiting.set(query.hash, query));
  return {
    name: 'slow statements',
    everyMs: 0,
    async find() {
      const findings: Finding[] = [];
      for (const [hash, query] of waiting.entries()) {
        const plan = planOf(hash);
        if (!plan) continue;
        waiting.delete(hash);
        const notable = plan.readings.filter(({ level }) => level !== 'info');
        findings.push(...notable.map((reading) => findingOf(query, reading)));
      }
      return findings;
    },
  };
}
