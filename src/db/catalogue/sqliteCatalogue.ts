import type { Catalogue } from './catalogue.ts';
import { rawIdentifier } from './identifier.ts';
import { machineMemory } from './machineMemory.ts';
import { findSqliteIndexes, findSqliteIndexUses } from './sqliteIndexes.ts';
import { findSqliteFacts, findSqliteSettings } from './sqliteSettings.ts';
import { findSqliteSizes, findSqliteTables } from './sqliteTables.ts';

export const sqliteCatalogue: Catalogue = {
  concurrently: '',
  findIndexes: findSqliteIndexes,
  findCountingStart: async () => null,
  findIndexUses: findSqliteIndexUses,
  findTables: findSqliteTables,
  findSizes: findSqliteSizes,
  findSettings: findSqliteSettings,
  findDatabaseFacts: (db) => findSqliteFacts(db, machineMemory()),
  findSessions: async () => null,
  stopSession: async () => false,
  async analyze(db, table) {
    // Nobody else can write meanwhile, so it looks at some rows of each index, not at all.
    await db.raw('PRAGMA analysis_limit = 1000');
    await db.raw(`ANALYZE ${rawIdentifier(table)}`);
  },
  // Of its own accord a connection reads them once, when it opens.
  async readStatistics(db) {
    await db.raw('ANALYZE sqlite_schema');
  },
  async reindex(db, index) {
    await db.raw(`REINDEX ${rawIdentifier(index)}`);
  },
};
