import type { Knex } from 'knex';

/** What an index is ordered by, in one place of its key. */
export interface IndexKey {
  /** The column, or the expression as the database writes it. */
  text: string;
  isExpression: boolean;
  descending: boolean;
  nullsFirst: boolean;
  /** By which text is compared; null where it is not text. */
  collation: string | null;
  /** PostgreSQL's way to compare; null on SQLite, which has one. */
  operatorClass: string | null;
}

export const indexConstraints = ['primary_key', 'unique', 'exclusion'] as const;

export type IndexConstraint = (typeof indexConstraints)[number];

/** An index as the database's catalogue has it. */
export interface IndexRow {
  name: string;
  table: string;
  /** `btree`, `gin` and so on. */
  method: string;
  keys: IndexKey[];
  /** Columns that an entry holds beside its key. */
  included: string[];
  /** The condition of a partial index. */
  predicate: string | null;
  isUnique: boolean;
  /** The constraint that it stands for, with which alone it can go. */
  constraint: IndexConstraint | null;
  /** Whether reads may use it: a build that failed leaves one that they may not. */
  isValid: boolean;
  /** Null where no statement made it: it came with its table. */
  definition: string | null;
  /** Null where the database does not count. */
  scans: number | null;
  rowsRead: number | null;
  lastScanAt: string | null;
}

export const rowCountSources = ['analyze', 'counted_changes', 'largest_key', 'unknown'] as const;

export type RowCountSource = (typeof rowCountSources)[number];

export interface TableRow {
  name: string;
  rows: number | null;
  rowsKnownBy: RowCountSource;
  /** Rows at the last ANALYZE, which the planner believes; null where there was none. */
  analyzedRows: number | null;
  /** Versions of rows that nobody sees any more; null where the database keeps none. */
  deadRows: number | null;
  changedSinceAnalyze: number | null;
  lastVacuumAt: string | null;
  lastAnalyzeAt: string | null;
}

/** What a table or an index takes on disk. */
export interface SizeRow {
  name: string;
  /** The table itself, or that of the index. */
  table: string;
  kind: 'table' | 'index';
  bytes: number;
  /** Long values that PostgreSQL keeps beside the table, their index included. */
  toastBytes: number;
}

export interface SettingRow {
  name: string;
  /** As the database shows it, with its unit: `128MB`. */
  value: string;
  /** In bytes, milliseconds or its own unit; null where it is no number. */
  number: number | null;
}

/** What advice on settings depends on. A figure is null where the database has no such thing. */
export interface DatabaseFacts {
  databaseBytes: number;
  /** Of the database's machine, and only where that is ours. */
  memoryBytes: number | null;
  largestIndexBytes: number | null;
  /** Of the pages asked for, how many were in PostgreSQL's own memory: 0 to 1. */
  cacheHitRatio: number | null;
  pagesRead: number | null;
  temporaryFiles: number | null;
  temporaryBytes: number | null;
  walBytesPerSecond: number | null;
  /** Connections of all databases of the server. */
  connections: number | null;
  /** Pages of the file that hold nothing, as a share: 0 to 1. */
  freeShare: number | null;
}

/** A session of this database, other than the one that asks. What our role may not see of it is null. */
export interface SessionRow {
  pid: number;
  startedAt: string | null;
  applicationName: string;
  userName: string | null;
  /** Null for a connection by a local socket. */
  clientAddress: string | null;
  state: string | null;
  /** How long it has been in that state. */
  stateSeconds: number | null;
  transactionSeconds: number | null;
  queryStartedAt: string | null;
  waitEventType: string | null;
  waitEvent: string | null;
  /** What runs, or ran last, values and all. */
  query: string;
  blockedByPids: number[];
}

/** The one session that is meant: a number alone may belong to another by now. */
export interface SessionKey {
  pid: number;
  startedAt: string;
  /** Only while it runs this query. */
  queryStartedAt: string | null;
}

/** What the databases know of themselves, each in its own way. */
export interface Catalogue {
  /** SQL to paste, for what is found. */
  concurrently: string;
  findIndexes(db: Knex): Promise<IndexRow[]>;
  /** From when on scans are counted; null where the database counts none. */
  findCountingStart(db: Knex): Promise<string | null>;
  /** Calls by the name of the index that their plan uses; null where the database counts by itself. */
  findIndexUses(db: Knex, calls: ReadonlyMap<string, number>): Promise<Map<string, number> | null>;
  findTables(db: Knex): Promise<TableRow[]>;
  findSizes(db: Knex): Promise<SizeRow[]>;
  findSettings(db: Knex): Promise<SettingRow[]>;
  findDatabaseFacts(db: Knex): Promise<DatabaseFacts>;
  /** Null where there are no sessions: the database is a file. */
  findSessions(db: Knex): Promise<SessionRow[] | null>;
  /** Whether the session was there. `ends` closes it, else only its statement is given up. */
  stopSession(db: Knex, session: SessionKey, ends: boolean): Promise<boolean>;
  analyze(db: Knex, table: string): Promise<void>;
  /** Lets a connection know what another one analyzed. */
  readStatistics(db: Knex): Promise<void>;
  reindex(db: Knex, index: string): Promise<void>;
}
