import * as statementLedgers from '../../../src/db/statementLedgers.ts';
import { type Calls, time } from './calls.ts';

export const statementLedgerCalls: Calls<typeof statementLedgers> = {
  upsertLedger: {
    'of a process': (db) =>
      statementLedgers.upsertLedger(db, {
        process_id: 'a process',
        tick: 1,
        counts: '{}',
        is_closed: false,
        written_at: time,
      }),
  },
  findOtherLedgers: { 'of others': (db) => statementLedgers.findOtherLedgers(db, 'a process') },
  deleteOldLedgers: { 'before a time': (db) => statementLedgers.deleteOldLedgers(db, time) },
  findCountedStatements: { now: (db) => statementLedgers.findCountedStatements(db) },
};
