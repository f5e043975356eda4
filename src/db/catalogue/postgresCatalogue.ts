import type { Catalogue } from './catalogue.ts';
import { rawIdentifier } from './identifier.ts';
import { machineMemory } from './machineMemory.ts';
import { findPostgresCountingStart, findPostgresIndexes } from './postgresIndexes.ts';
import { findPostgresSessions, stopPostgresSession } from './postgresSessions.ts';
import { findPostgresFacts, findPostgresSettings } from './postgresSettings.ts';
import { findPostgresSizes, findPostgresTables } from './postgresTables.ts';

export const postgresCatalogue: Catalogue = {
  concurrently: 'CONCURRENTLY ',
  findIndexes: findPostgresIndexes,
  findCountingStart: findPostgresCountingStart,
  findIndexUses: async () => null,
  findTables: findPostgresTables,
  findSizes: findPostgresSizes,
  findSettings: findPostgresSettings,
  findDatabaseFacts: (db) => findPostgresFacts(db, machineMemory()),
  findSessions: findPostgresSessions,
  stopSession: stopPostgresSession,
  async analyze(db, table) {
    await db.raw(`ANALYZE ${rawIdentifier(table)}`);
  },
  readStatistics: async () => {},
  // Beside readers and writers, which PostgreSQL does only outside of a transaction.
  async reindex(db, index) {
    await db.raw(`REINDEX INDEX CONCURRENTLY ${rawIdentifier(index)}`);
  },
};
