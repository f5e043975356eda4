import type { Knex } from 'knex';
import type { SentText } from './sendAsWritten.ts';

/** What the clients that send nothing are made with. */
export interface RehearsalConfig extends Knex.Config {
  answer(statement: SentText): Promise<object[]>;
}

/** Only `rehearsalOf` makes such clients, with an answer. */
export const answerOf = (config: Knex.Config): RehearsalConfig['answer'] =>
  (config as RehearsalConfig).answer;
