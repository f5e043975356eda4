import type { Knex } from 'knex';
import type { SeenStatements } from '../db/catalogue/seenStatements.ts';
import { type ActivityReport, reportActivity } from './activityReport.ts';
import { type IndexReport, reportIndexes } from './indexReport.ts';
import type { SettingAdvice } from './settingAdvice.ts';
import { reportSettings } from './settingReport.ts';
import { reportTables, sampleTables, type TableReport } from './tableReport.ts';

/** What the database says of itself, and what is to be thought of it. */
export interface DatabaseReports {
  indexes(): Promise<IndexReport>;
  tables(): Promise<TableReport[]>;
  settings(): Promise<SettingAdvice[]>;
  activity(): Promise<ActivityReport>;
  /** Keeps the sizes of the tables, once a day; to be called now and then. */
  sampleTables(): Promise<void>;
}

interface Options {
  /** For what may take its time. */
  background: Knex;
  seen: SeenStatements;
  clock: () => Date;
  poolSize: number;
  unusedIndexDays: number;
}

export function createDatabaseReports(options: Options): DatabaseReports {
  const { background, seen, clock, poolSize, unusedIndexDays } = options;
  return {
    indexes: () => reportIndexes({ db: background, seen, now: clock(), unusedIndexDays }),
    tables: () => reportTables(background, clock()),
    settings: () => reportSettings(background, poolSize),
    activity: () => reportActivity(background),
    sampleTables: () => sampleTables(background, clock()),
  };
}

/** Reports that read nothing and have nothing in them, for an operation that is only rehearsed. */
export const unreadReports: DatabaseReports = {
  indexes: async () => ({ countedSince: new Date(0).toISOString(), indexes: [], advice: [] }),
  tables: async () => [],
  settings: async () => [],
  activity: async () => ({ sessions: [] }),
  sampleTables: async () => {},
};
