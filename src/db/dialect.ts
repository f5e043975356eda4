import type { Knex } from 'knex';
import type { AccountChangeListener, AccountWatch } from './accountChanges.ts';
import type { JobChangeListener, StopWatching } from './jobChanges.ts';
import type { PlanDialect } from './planDialect.ts';
import type { SearchDialect } from './searchDialect.ts';

export type KeyType = 'integer' | 'text';

/** What an ordering compares, so that nulls and cursors know their type. */
export type OrderingKind = 'time' | 'real' | 'integer' | 'bigInteger' | 'text';

/** Writes a parameter, by what it is compared with. */
export type WriteParameter = (kind: OrderingKind) => string;

/** One that the planner may look at. */
export const plain: WriteParameter = () => '?';

export const isNumeric = (kind: OrderingKind): boolean => kind !== 'time' && kind !== 'text';

/** A statement that was sent, as the driver saw it. */
export interface SentStatement {
  sql: string;
  bindings: readonly unknown[];
  /** performance.now() when the driver was called. */
  startedAt: number;
  durationMs: number;
  /** How long it waited for a connection before that; null where it had one already. */
  waitedMs: number | null;
  /** Whether it held the thread that sent it. */
  holdsThread: boolean;
  /** Rows returned, or changed by a statement that returns none. */
  rowCount: number;
  failed: boolean;
}

export type StatementListener = (statement: SentStatement) => void;

/** The limit-per-parent statement of a nested connection. */
export interface PageOfEachParent {
  table: string;
  columns: readonly string[];
  parentColumn: string;
  parentType: KeyType;
  /** As `keyList` gives them. */
  parents: Knex.RawBinding;
  /** Narrows and orders the rows of one parent; it must set an order and a limit. */
  narrow(query: Knex.QueryBuilder): Knex.QueryBuilder;
}

/** A join with the one row of another table that belongs to a row, or with none. */
export interface OneRowJoin {
  table: string;
  columns: readonly string[];
  keyColumn: string;
  /** The column that has its key. */
  key: string;
}

/** What the databases do differently. Ask it what to write, not what it is called. */
export interface Dialect {
  /**
   * A parameter that the planner cannot look at, so that it plans once for all its values. PostgreSQL keeps no plan
   * that it takes for dearer than one for the values at hand.
   */
  unseen: WriteParameter;
  /** SQL that is true where `column` is one of the values, which are one parameter: the text is the same for any number. */
  isAnyOf(column: string, type: KeyType): string;
  /** The same for a column that is unique. The planner cannot look at the keys, and need not. */
  isAnyKey(column: string, type: KeyType): string;
  /** The values as the one parameter that these and `eachKey` take. */
  keyList(keys: readonly (string | number)[]): Knex.RawBinding;
  /** A table source of the keys: `k(key, value)`, the positions and the keys. */
  eachKey(type: KeyType, alias?: string): string;
  /** The column with its nulls replaced by a value below all others, so that rows compare in one order everywhere. */
  nullsLowest(column: string, kind: OrderingKind): string;
  /** That value, as it is bound. */
  lowest(kind: OrderingKind): string | number;
  /** The first rows of each parent, stopping early at each: the work does not grow with the rows left out. */
  pageOfEachParent(db: Knex, page: PageOfEachParent): Knex.QueryBuilder;
  /** Joins it by an index, whatever else the planner might think of: no other row of the table is read. */
  joinOne(join: OneRowJoin): string;
  /** The UTC day of a time, as text `YYYY-MM-DD`. */
  day(column: string): string;
  /** SQL that is true where a time is on such a day, as the indexes of jobs by day and length have it. */
  isOnDay(column: string, day: string): string;
  /** The seconds since 1970 of a time, as a whole number. */
  secondsOf(column: string): string;
  /** Rows that are one parameter, an array in JSON: one text for any number of them. */
  rowsFromJson(table: string, columns: readonly string[]): string;
  /** A table source of a JSON object's entries: `key` and `value`. */
  entriesOf(column: string): string;
  /** The JSON text of a list made of rows. */
  listOf(column: string): string;
  search: SearchDialect;
  /** Tells of jobs that anybody changed, in this process or another, until it is stopped. */
  watchJobs(db: Knex, listener: JobChangeListener): StopWatching;
  /** Tells of accounts and keys that anybody changed, in this process or another, until it is stopped. */
  watchAccounts(db: Knex, listener: AccountChangeListener): AccountWatch;
  plans: PlanDialect;
  /** Knex's client that writes the same SQL and has no connection to send it by. */
  rehearsalClient: typeof Knex.Client;
}
