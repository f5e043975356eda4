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
  // Beside readers and writers, which PostgreSQL does only outside of a transaction. It waits for all that
  // began before; cut off there, it would leave an index that is no good.
  async reindex(db, index) {
    const connection = await db.client.acquireConnection();
    try {
      await db.raw('SET lock_timeout = 0').connection(connection);
      await db.raw(`REINDEX INDEX CONCURRENTLY ${rawIdentifier(index)}`).connection(connection);
    } finally {
      try {
        await db.raw('RESET lock_timeout').connection(connection);
      } finally {
        await db.client.releaseConnection(connection);
      }
    }
  },
};
