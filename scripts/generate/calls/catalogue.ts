import type { Catalogue } from '../../../src/db/catalogue/catalogue.ts';
import { catalogueOf } from '../../../src/db/catalogue/catalogueOf.ts';
import { type Calls, later, time } from './calls.ts';

const session = { pid: 4711, startedAt: time, queryStartedAt: null };

export const catalogueCalls: Calls<Catalogue> = {
  findIndexes: { all: (db) => catalogueOf(db).findIndexes(db) },
  findCountingStart: { now: (db) => catalogueOf(db).findCountingStart(db) },
  findIndexUses: {
    'of a statement': (db) =>
      catalogueOf(db).findIndexUses(db, new Map([['select * from `jobs` where `status` = +?', 1]])),
  },
  findTables: { all: (db) => catalogueOf(db).findTables(db) },
  findSizes: { all: (db) => catalogueOf(db).findSizes(db) },
  findSettings: { all: (db) => catalogueOf(db).findSettings(db) },
  findDatabaseFacts: { now: (db) => catalogueOf(db).findDatabaseFacts(db) },
  findSessions: { all: (db) => catalogueOf(db).findSessions(db) },
  stopSession: {
    'what it runs': (db) => catalogueOf(db).stopSession(db, session, false),
    'one query': (db) =>
      catalogueOf(db).stopSession(db, { ...session, queryStartedAt: later }, false),
    'the session': (db) => catalogueOf(db).stopSession(db, session, true),
  },
  analyze: { 'a table': (db) => catalogueOf(db).analyze(db, 'jobs') },
  readStatistics: { now: (db) => catalogueOf(db).readStatistics(db) },
  reindex: { 'an index': (db) => catalogueOf(db).reindex(db, 'idx_jobs_status') },
};
