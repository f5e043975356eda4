import type { Knex } from 'knex';

/** A part of a statement. */
export interface Written {
  sql: string;
  bindings: readonly Knex.RawBinding[];
}

/** A search as it is bound. */
export interface Asked {
  /** The words in the database's own query language. */
  words: string;
  /** The same in two halves, where it helps to have them so. */
  halves: { one: string; other: string } | null;
  /** What stands beside the words of all that belongs to the one user, in that language; null for everybody's. */
  owner: string | null;
}

/** Which of the newest matches a page has: at most `limit` between these numbers, nearest to where it begins. */
export interface NewestRequest {
  /** The lowest first, of those above `above`; otherwise the highest, of those below `below`. */
  upwards: boolean;
  below: string | number | null;
  above: string | number | null;
  limit: number;
  /** Which rows of `jobs` they may belong to; null for any. */
  visible: Written | null;
}

/** The first or last page: of the best, if at most `most` match; of the newest, if more do. */
export interface FirstRequest {
  /** The last page, which is its own way round. */
  upwards: boolean;
  limit: number;
  most: number;
  /** Which rows of `jobs` they may be; null for any. */
  visible: Written | null;
}

/** How rows of a kind are found by words, at a cost that does not grow with the other rows. */
export interface SearchedRows {
  /** The FROM clause of the newest matches: `found.number`, by which they are ordered, and their rows beside it. */
  newest(asked: Asked, request: NewestRequest): Written;
  /** The statement that counts what may be seen, as `count`: one more than `most` where there are more, as `more`. */
  count(asked: Asked, most: number, visible: Written | null): Written;
}

/** Full-text search. Both find rows that have all the words, whatever their case and normalization form. */
export interface SearchDialect {
  /** The words as the database's own query language, safe to bind. */
  query(words: readonly string[]): string;
  halves(words: readonly string[]): Asked['halves'];
  /** The mark of what belongs to a user, in the same language. */
  ownedBy(userId: number): string;
  jobs: SearchedRows;
  /** Their number is their id. */
  segments: SearchedRows;
  /** The FROM clause of all matching jobs: `found.number`, `found.job_id` and `found.score`, and `jobs` beside it. */
  rankedJobs(asked: Asked, upwards: boolean): Written;
  /** Whether `firstJobs` gives the newest where more match than are ranked; else they take a statement of their own. */
  givesNewestFirst: boolean;
  /**
   * The FROM clause of such a page, as above, with `found.matches` in each row: how many there are, or more than `most`.
   * In the order of `found.score`, `found.tie` and `found.number`, of which newest ones have the last alone. One row
   * that has nothing but `found.matches` where there is nothing else to give.
   */
  firstJobs(asked: Asked, request: FirstRequest): Written;
}
