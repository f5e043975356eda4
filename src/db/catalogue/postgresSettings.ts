import type { Knex } from 'knex';
import { select } from '../client.ts';
import type { DatabaseFacts, SettingRow } from './catalogue.ts';

/** Those that are advised on. */
export const postgresSettings = [
  'autovacuum',
  'autovacuum_vacuum_scale_factor',
  'checkpoint_timeout',
  'effective_cache_size',
  'fsync',
  'full_page_writes',
  'idle_in_transaction_session_timeout',
  'jit',
  'maintenance_work_mem',
  'max_connections',
  'max_wal_size',
  'random_page_cost',
  'shared_buffers',
  'shared_preload_libraries',
  'statement_timeout',
  'track_activity_query_size',
  'track_counts',
  'track_io_timing',
  'work_mem',
] as const;

/** In bytes and milliseconds, from `8kB`, `MB`, `min` and so on, which `setting` counts in. */
const unitFactors: Record<string, number> = {
  B: 1,
  kB: 1024,
  '8kB': 8192,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
};

interface ListedSetting {
  name: string;
  value: string;
  setting: string;
  unit: string | null;
}

export async function findPostgresSettings(db: Knex): Promise<SettingRow[]> {
  const listed = await select<ListedSetting>(
    db,
    `SELECT name, current_setting(name) AS value, setting, unit FROM pg_settings
      WHERE name = ANY(?::text[]) ORDER BY name`,
    // An array that is one parameter; Knex passes it on as it is.
    [[...postgresSettings] as unknown as Knex.RawBinding],
  );
  return listed.map(({ name, value, setting, unit }) => ({
    name,
    value,
    number:
      setting === '' || Number.isNaN(Number(setting))
        ? null
        : Number(setting) * (unitFactors[unit ?? ''] ?? 1),
  }));
}

interface ListedFacts extends Omit<DatabaseFacts, 'memoryBytes' | 'freeShare'> {
  isHere: boolean;
}

/** `memoryBytes` is ours: it is the database's too where both ends of the connection have one address. */
export async function findPostgresFacts(db: Knex, memoryBytes: number): Promise<DatabaseFacts> {
  const [facts] = await select<ListedFacts>(
    db,
    `SELECT pg_database_size(d.datname) AS "databaseBytes",
            inet_server_addr() IS NOT DISTINCT FROM inet_client_addr() AS "isHere",
            (SELECT max(relpages) * current_setting('block_size')::bigint FROM pg_class
              WHERE relkind = 'i') AS "largestIndexBytes",
            d.blks_hit::float8 / nullif(d.blks_hit + d.blks_read, 0) AS "cacheHitRatio",
            d.blks_read AS "pagesRead",
            d.temp_files AS "temporaryFiles", d.temp_bytes AS "temporaryBytes",
            (SELECT (wal_bytes / nullif(extract(epoch FROM now() - stats_reset), 0))::float8
               FROM pg_stat_wal) AS "walBytesPerSecond",
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections
       FROM pg_stat_database AS d WHERE d.datname = current_database()`,
  );
  if (!facts) throw new Error('PostgreSQL has no statistics of this database');
  const { isHere, ...known } = facts;
  return { ...known, memoryBytes: isHere ? memoryBytes : null, freeShare: null };
}
