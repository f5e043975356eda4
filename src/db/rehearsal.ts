import knex, { type Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import { ApiError } from '../errors.ts';
import { dialectOf } from './client.ts';
import { describeStatement } from './explain.ts';
import type { AnswerColumn } from './planDialect.ts';
import type { RehearsalConfig } from './rehearsalConfig.ts';
import type { SentText } from './sendAsWritten.ts';
import { type KnownValues, SupposedRows } from './supposedRows.ts';

/** No operation within the limits sends as many; who reads on until there is no more might. */
const MAX_STATEMENTS = 2000;

const tooMany = (): ApiError =>
  new ApiError(
    'QUERY_TOO_COMPLEX',
    `The operation would send more than ${MAX_STATEMENTS} statements, which is the limit.`,
  );

/** The columns of each text's answer, which are the same as long as the process runs. */
const described = new LRUCache<string, AnswerColumn[]>({ max: 1000 });

async function columnsOf(db: Knex, statement: SentText): Promise<AnswerColumn[]> {
  const columns = described.get(statement.sql) ?? (await describeStatement(db, statement));
  described.set(statement.sql, columns);
  return columns;
}

interface RehearsalOptions {
  /** Tells the columns of each statement; the monitor does not count that. */
  plans: Knex;
  /** Told of each statement that would be sent, before it is answered. */
  onStatement(statement: SentText): void;
  /** What a column has wherever a statement does not say otherwise. */
  known: KnownValues;
}

/**
 * A Knex that writes the same SQL as `db` and sends none of it: each statement is told, and answered with
 * rows that nobody read, as if all that is asked for were there and every page full. It throws where a
 * statement would write.
 */
export function rehearsalOf(db: Knex, { plans, onStatement, known }: RehearsalOptions): Knex {
  const rows = new SupposedRows(known);
  let statementCount = 0;
  const config: RehearsalConfig = {
    client: dialectOf(db).rehearsalClient,
    useNullAsDefault: true,
    compileSqlOnError: false,
    async answer(statement) {
      statementCount += 1;
      if (statementCount > MAX_STATEMENTS) throw tooMany();
      onStatement(statement);
      return rows.answerTo(statement, await columnsOf(plans, statement));
    },
  };
  return knex(config);
}
