import type { Knex } from 'knex';
import { select } from '../client.ts';
import type { DatabaseFacts, SettingRow } from './catalogue.ts';
import { hasStatistics } from './sqliteTables.ts';

/** Those that are advised on. */
export const sqliteSettings = [
  'auto_vacuum',
  'busy_timeout',
  'cache_size',
  'foreign_keys',
  'journal_mode',
  'mmap_size',
  'page_size',
  'synchronous',
  'temp_store',
  'wal_autocheckpoint',
] as const;

type Value = string | number;

/** What the numbers of some mean. */
const names: Record<string, readonly string[]> = {
  auto_vacuum: ['NONE', 'FULL', 'INCREMENTAL'],
  foreign_keys: ['OFF', 'ON'],
  synchronous: ['OFF', 'NORMAL', 'FULL', 'EXTRA'],
  temp_store: ['DEFAULT', 'FILE', 'MEMORY'],
};

async function pragma(db: Knex, name: string): Promise<Value> {
  const [row] = await select<Record<string, Value>>(db, `PRAGMA ${name}`);
  return Object.values(row ?? {})[0] ?? '';
}

/** Most belong to a connection; all of the service that write are opened alike. */
export async function findSqliteSettings(db: Knex): Promise<SettingRow[]> {
  const settings: SettingRow[] = [];
  for (const name of sqliteSettings) {
    const value = await pragma(db, name);
    const shown = typeof value === 'number' ? names[name]?.[value] : undefined;
    settings.push({
      name,
      value: shown ?? String(value),
      number: typeof value === 'number' ? value : null,
    });
  }
  const analyzed = await hasStatistics(db);
  return [
    ...settings,
    { name: 'optimize', value: analyzed ? 'analyzed' : 'never analyzed', number: null },
  ];
}

/** The file is read by this process, so the memory is that of the database too. */
export async function findSqliteFacts(db: Knex, memoryBytes: number): Promise<DatabaseFacts> {
  const [row] = await select<{ bytes: number; freeShare: number }>(
    db,
    `SELECT page_count * page_size AS bytes,
            CAST(freelist_count AS REAL) / max(page_count, 1) AS "freeShare"
       FROM pragma_page_count, pragma_page_size, pragma_freelist_count`,
  );
  return {
    databaseBytes: row?.bytes ?? 0,
    memoryBytes,
    largestIndexBytes: null,
    cacheHitRatio: null,
    pagesRead: null,
    temporaryFiles: null,
    temporaryBytes: null,
    walBytesPerSecond: null,
    connections: null,
    freeShare: row?.freeShare ?? 0,
  };
}
