import type { HistoryState } from '../history.ts';
import type { FindingSource } from './finding.ts';

/** That figures wait because the database takes none. Where it takes no findings either, this one comes when it does. */
export const flushFindings = (state: () => HistoryState): FindingSource => ({
  name: 'flush',
  everyMs: 0,
  async find() {
    const { failingSince, failure, pendingEntries, lostCalls } = state();
    if (failingSince === null) return [];
    return [
      {
        key: 'flush',
        kind: 'flush',
        level: 'critical',
        what: `${pendingEntries} figures wait to be stored since ${failingSince}, and ${lostCalls} calls were lost: ${failure}`,
        traceId: null,
        statement: null,
        remedy:
          'Look at the space on the disk, at who holds locks in performance { activity }, and whether performance_metrics and query_performance_logs are there. What waits is written by itself then.',
        remedySql: null,
      },
    ];
  },
});
