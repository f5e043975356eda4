import type { Knex } from 'knex';
import type { Ordering, PageRequest } from '../../../src/db/keyset.ts';

/** What is there at once is as good. */
export type Call = (db: Knex) => unknown;

/** A call of a function that takes a transaction. */
export const within =
  (call: (transaction: Knex.Transaction) => Promise<unknown>): Call =>
  (db) =>
    db.transaction(call);

type QueryName<Module> = {
  [Name in keyof Module]: Module[Name] extends (db: never, ...rest: never[]) => infer Result
    ? Extract<Result, Promise<unknown>> extends never
      ? never
      : Name
    : never;
}[keyof Module];

/** Calls of every query function of a module, each named after what its SQL shows. */
export type Calls<Module> = Record<QueryName<Module>, Record<string, Call>>;

/** A page as the API asks for it when nothing is said, with what is said. */
export const page = <Row>(
  ordering: Ordering<Row>,
  asked: Partial<PageRequest<Row>> = {},
): PageRequest<Row> => ({
  ordering,
  descending: true,
  limit: 20,
  fromEnd: false,
  after: null,
  before: null,
  ...asked,
});

export const time = '2026-03-01T12:00:00.000Z';
export const later = '2026-04-01T12:00:00.000Z';
export const jobId = '019c0000-0000-7000-8000-000000000001';
export const jobIds = [jobId, '019c0000-0000-7000-8000-000000000002'];
export const userIds = [1, 2];
