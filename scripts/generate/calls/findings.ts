import * as findings from '../../../src/db/findings.ts';
import { type Calls, later, time } from './calls.ts';

const newest = {
  ordering: findings.findingOrdering,
  descending: true,
  limit: 20,
  fromEnd: false,
  after: null,
  before: null,
};

export const findingCalls: Calls<typeof findings> = {
  findFindingPage: {
    'what is neither over nor dismissed': (db) => findings.findFindingPage(db, {}, newest),
    'all of a kind, after a cursor': (db) =>
      findings.findFindingPage(
        db,
        { kind: 'n_plus_one', includeClosed: true, includeDismissed: true },
        { ...newest, after: { value: time, id: 1 } },
      ),
  },
  countFindings: { 'of a kind': (db) => findings.countFindings(db, { kind: 'n_plus_one' }) },
  upsertFinding: {
    'that is seen': (db) =>
      findings.upsertFinding(db, {
        key: 'n_plus_one:1',
        kind: 'n_plus_one',
        level: 'warning',
        what: 'A sentence.',
        trace_id: null,
        statement: null,
        remedy: 'A sentence.',
        remedy_sql: null,
        release: '1.0.0',
        first_seen: time,
        last_seen: time,
        closes_at: later,
      }),
  },
  closeFindings: { 'whose time is over': (db) => findings.closeFindings(db, time) },
  deleteOldFindings: { 'some of them': (db) => findings.deleteOldFindings(db, time, 1000) },
  updateDismissedFinding: {
    'a key': (db) => findings.updateDismissedFinding(db, 'n_plus_one:1', 1, time),
  },
  findFindingByKey: { 'a key': (db) => findings.findFindingByKey(db, 'n_plus_one:1') },
};
