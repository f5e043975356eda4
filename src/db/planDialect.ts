import type { Knex } from 'knex';
import type { SentText } from './sendAsWritten.ts';

/** What EXPLAIN answered, as the database gives it. */
export type DatabasePlan =
  | { database: 'sqlite'; rows: { id: number; parent: number; detail: string }[] }
  | { database: 'postgres'; json: unknown };

export type AnswerKind = 'number' | 'text' | 'time' | 'boolean' | 'json';

/** A column of a statement's answer. */
export interface AnswerColumn {
  name: string;
  kind: AnswerKind;
  /** The table that it is a column of; null for what was computed. */
  table: string | null;
}

/** A table beside its rows. */
export interface TableFacts {
  /** About how many rows it has; null where the database does not know. */
  rows: number | null;
  /** The columns of its indexes, in order, by name. An expression is written as it is. */
  indexes: Map<string, string[]>;
}

/** How a database tells what it would do, without doing it. */
export interface PlanDialect {
  /** The plan of a statement, with the values it was sent with. */
  explain(db: Knex, statement: SentText): Promise<DatabasePlan>;
  /** The columns that a statement would answer with. */
  describe(db: Knex, statement: SentText): Promise<AnswerColumn[]>;
  tableFacts(db: Knex): Promise<Map<string, TableFacts>>;
}
