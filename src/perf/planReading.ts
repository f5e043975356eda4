import { createIndex, findIndex, indexColumns, type TableFacts } from './indexRemedy.ts';
import { type DatabasePlan, type PlanNode, planTree, stepsOf } from './plan.ts';
import { isGrouped, isLimited, type Wanted, wantedOf } from './statementText.ts';

export const readingKinds = [
  'full_scan',
  'whole_index',
  'left_out',
  'sort',
  'temporary_index',
  'estimate',
] as const;

export type ReadingKind = (typeof readingKinds)[number];

export const readingLevels = ['info', 'warning', 'critical'] as const;

export type ReadingLevel = (typeof readingLevels)[number];

/** What a plan means, in plain words. */
export interface PlanReading {
  kind: ReadingKind;
  level: ReadingLevel;
  table: string | null;
  sentence: string;
  /** SQL that would help, to be looked at and pasted; null where nothing simple does. */
  remedy: string | null;
}

export interface StatementFacts {
  sql: string;
  /** How many rows it returned; null where it was not run. */
  returnedRows: number | null;
  tables: ReadonlyMap<string, TableFacts>;
}

/** Below so many rows nobody notices a scan, and databases are right to prefer it. */
const FEW_ROWS = 1000;
const MANY_ROWS = 100_000;

/** An estimate so many times off leads to another plan than the right one would. */
const FAR_OFF = 10;

const counted = (count: number): string => Math.round(count).toLocaleString('en-US');

const rowsText = (count: number): string => `${counted(count)} ${count === 1 ? 'row' : 'rows'}`;

function levelOf(rows: number | null): ReadingLevel {
  if (rows === null) return 'warning';
  if (rows < FEW_ROWS) return 'info';
  return rows < MANY_ROWS ? 'warning' : 'critical';
}

const listed = (columns: readonly string[]): string => columns.join(', ');

/** Whether all rows have to be there first. PostgreSQL's incremental sort only sorts among equals. */
const sortsAll = ({ kind, text }: PlanNode): boolean =>
  kind === 'sort' && !text.startsWith('Incremental Sort');

/** One plan read against what is known of its statement. */
class Reading {
  readonly #database: DatabasePlan['database'];
  readonly #facts: StatementFacts;
  readonly #roots: readonly PlanNode[];
  readonly #isSorted: boolean;

  constructor(plan: DatabasePlan, facts: StatementFacts) {
    this.#database = plan.database;
    this.#facts = facts;
    this.#roots = planTree(plan, facts.sql);
    this.#isSorted = stepsOf(this.#roots).some(({ node }) => sortsAll(node));
  }

  all(): PlanReading[] {
    const steps = stepsOf(this.#roots).flatMap(({ node }) => this.#step(node) ?? []);
    return [...steps, ...this.#estimate()];
  }

  #step(node: PlanNode): PlanReading | null {
    if (/AUTOMATIC/.test(node.text)) return this.#temporaryIndex(node);
    if (node.kind === 'full_scan') return this.#fullScan(node);
    if (node.kind === 'index_scan') return this.#wholeIndex(node);
    return sortsAll(node) ? this.#sort(node) : null;
  }

  #rowsOf(table: string): number | null {
    return this.#facts.tables.get(table)?.rows ?? null;
  }

  #wanted(table: string): Wanted {
    return wantedOf(this.#facts.sql, table);
  }

  #fullScan({ table }: PlanNode): PlanReading | null {
    if (table === null) return null;
    const rows = this.#rowsOf(table);
    const wanted = this.#wanted(table);
    const all = rows === null ? `all rows of ${table}` : `all ${rowsText(rows)} of ${table}`;
    const found = this.#stopsEarly()
      ? `Reads ${table} from its beginning until enough is found, up to ${all}`
      : `Reads ${all}`;
    return {
      kind: 'full_scan',
      level: levelOf(rows),
      table,
      ...this.#withIndex(table, found, wanted, wanted.ranged.slice(0, 1)),
    };
  }

  /** The sentence, and the index on what is compared and then `rest`, if there is none and one can serve. */
  #withIndex(
    table: string,
    sentence: string,
    wanted: Wanted,
    rest: readonly string[],
  ): Pick<PlanReading, 'sentence' | 'remedy'> {
    const columns = indexColumns(wanted.equal, rest);
    const none = { sentence: `${sentence}.`, remedy: null };
    if (columns.length === 0) return none;
    if (wanted.hasAlternatives) {
      return {
        ...none,
        sentence: `${sentence}: one of several conditions is enough, and no index serves them all.`,
      };
    }
    const existing = findIndex(this.#facts.tables.get(table), wanted.equal, rest);
    if (existing !== null) {
      return {
        ...none,
        sentence: `${sentence}, though ${existing} could serve ${listed(columns)}: the database expects most rows to match.`,
      };
    }
    return {
      sentence: `${sentence}: no index serves ${listed(columns)}.`,
      remedy: createIndex(this.#database, table, columns),
    };
  }

  /** Whether the rows come in the order that is asked for, so that a limit ends the reading. */
  #stopsEarly(): boolean {
    return isLimited(this.#facts.sql) && !isGrouped(this.#facts.sql) && !this.#isSorted;
  }

  #wholeIndex({ table, index, condition }: PlanNode): PlanReading | null {
    if (table === null) return null;
    const rows = this.#rowsOf(table);
    const wanted = this.#wanted(table);
    const conditions = [...wanted.equal, ...wanted.ranged];
    const name = index ?? 'an index';
    if (!this.#stopsEarly()) {
      const all = rows === null ? 'all entries' : `all ${counted(rows)} entries`;
      return {
        kind: 'whole_index',
        level: levelOf(rows),
        table,
        sentence: `Reads ${all} of ${name}, the index of ${table}.`,
        remedy: null,
      };
    }
    // SQLite doesn't tell what it leaves out, so its statement has to.
    const leavesOut = this.#database === 'postgres' ? condition !== null : conditions.length > 0;
    if (!leavesOut || wanted.equal.length === 0) return null;
    return {
      kind: 'left_out',
      level: levelOf(rows),
      table,
      ...this.#withIndex(
        table,
        `Reads ${table} in the order of ${name} and leaves out what does not match ${listed(conditions)}`,
        wanted,
        wanted.ordered,
      ),
    };
  }

  #sort({ children }: PlanNode): PlanReading {
    const tables = [...this.#facts.tables.keys()].filter(
      (table) => this.#wanted(table).ordered.length > 0,
    );
    const table = tables.length === 1 ? (tables[0] ?? null) : null;
    const rows = children[0]?.estimatedRows ?? null;
    const what = rows === null ? 'the rows' : `about ${rowsText(rows)}`;
    const kind = 'sort';
    if (table === null || isGrouped(this.#facts.sql)) {
      const sentence = `Sorts ${what}: no index has them in this order.`;
      return { kind, level: rows === null ? 'info' : levelOf(rows), table, sentence, remedy: null };
    }
    const { equal, ordered, hasAlternatives } = this.#wanted(table);
    const existing = findIndex(this.#facts.tables.get(table), equal, ordered);
    const why =
      existing === null
        ? 'the order is not served by the index that finds them.'
        : `though ${existing} has them in this order: the database expects sorting to be cheaper.`;
    const level = levelOf(rows);
    const canServe = existing === null && !hasAlternatives && level !== 'info';
    return {
      kind,
      level,
      table,
      sentence: `Sorts ${what} by ${listed(ordered)}${existing === null ? ': ' : ', '}${why}`,
      remedy: canServe ? createIndex(this.#database, table, indexColumns(equal, ordered)) : null,
    };
  }

  #temporaryIndex({ table, condition }: PlanNode): PlanReading | null {
    if (table === null) return null;
    const columns = Array.from(condition?.matchAll(/(\w+)[=<>]/g) ?? [], ([, name = '']) => name);
    return {
      kind: 'temporary_index',
      level: levelOf(this.#rowsOf(table)),
      table,
      sentence: `Reads all of ${table} to make an index on ${listed(columns)} for this statement alone.`,
      remedy: columns.length === 0 ? null : createIndex(this.#database, table, columns),
    };
  }

  #estimate(): PlanReading[] {
    const estimated = this.#roots[0]?.estimatedRows ?? null;
    const { returnedRows, tables } = this.#facts;
    if (estimated === null || returnedRows === null) return [];
    const [less, more] = [Math.min(estimated, returnedRows), Math.max(estimated, returnedRows)];
    const factor = more / Math.max(1, less);
    if (factor < FAR_OFF || more - less < FEW_ROWS / 10) return [];
    const read = stepsOf(this.#roots).flatMap(({ node }) => node.table ?? []);
    const named = [...new Set(read)].filter((table) => tables.has(table));
    return [
      {
        kind: 'estimate',
        level: 'warning',
        table: named.length === 1 ? (named[0] ?? null) : null,
        sentence: `Expected ${rowsText(estimated)} and got ${counted(returnedRows)}: the estimate is off by ×${counted(factor)}.`,
        remedy: named.length === 0 ? null : `ANALYZE ${listed(named)};`,
      },
    ];
  }
}

/** What is wrong with a plan, in plain words; nothing where nothing is. */
export function readingsOf(plan: DatabasePlan, facts: StatementFacts): PlanReading[] {
  return new Reading(plan, facts).all();
}
