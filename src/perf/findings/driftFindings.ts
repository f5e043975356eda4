import type { TruthCheck } from '../truth.ts';
import type { FindingSource } from './finding.ts';

const counted = (calls: number, rows: number): string =>
  [`${Math.abs(calls)} calls`, `${Math.abs(rows)} rows`].join(' and ');

/** What the monitor and the database count differently. */
export const driftFindings = (check: TruthCheck): FindingSource => ({
  name: 'drift',
  everyMs: 0,
  async find() {
    return (check.truth?.drift ?? []).map(({ hash, statement, calls, rows }) => ({
      key: `drift:${hash}`,
      kind: 'drift',
      level: 'critical',
      what: `The monitor counted ${counted(calls, rows)} ${calls + rows > 0 ? 'fewer' : 'more'} than ${check.truth?.against}.`,
      traceId: null,
      statement,
      remedy:
        'Figures of this statement are not exact. Look whether another program sends the same text as the same role; if none does, this is a fault of the monitor.',
      remedySql: null,
    }));
  },
});
