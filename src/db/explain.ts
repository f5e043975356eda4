import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import type { AnswerColumn, DatabasePlan, TableFacts } from './planDialect.ts';
import type { SentText } from './sendAsWritten.ts';

const writes = /\b(insert|update|delete|merge|into|for (no key )?(update|share))\b/i;

/** Without texts and names in quotes, which may hold any word. */
const bare = (sql: string): string => sql.replace(/'(?:[^']|'')*'|"[^"]*"|`[^`]*`/g, ' ? ');

/** Whether a statement reads and does nothing else. A WITH may write in any of its parts. */
export const onlyReads = (sql: string): boolean =>
  /^\s*(select|with)\b/i.test(sql) && !writes.test(bare(sql));

/**
 * The plan of a statement, with the values that it was sent with: with nulls in their place the database
 * would plan another. It is never run. Null for a statement that writes.
 */
export async function explainStatement(
  db: Knex,
  statement: SentText,
): Promise<DatabasePlan | null> {
  return onlyReads(statement.sql) ? dialectOf(db).plans.explain(db, statement) : null;
}

/** The columns that a statement would answer with; it is never run. Throws where it writes. */
export async function describeStatement(db: Knex, statement: SentText): Promise<AnswerColumn[]> {
  if (!onlyReads(statement.sql)) {
    throw new Error('Only statements that read can be described.');
  }
  return dialectOf(db).plans.describe(db, statement);
}

/** The tables by name, about how many rows they have, and their indexes. */
export async function findTableFacts(db: Knex): Promise<Map<string, TableFacts>> {
  return dialectOf(db).plans.tableFacts(db);
}
