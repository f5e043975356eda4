import type { Knex } from 'knex';
import { dialectOf, select } from './client.ts';
import { type JobRow, jobColumns } from './jobs.ts';
import { findPage, type Ordering, type Page, type PageRequest } from './keyset.ts';
import { type SegmentRow, segmentColumns } from './segments.ts';

/** Marks around a matching word: control characters, which no text that we index has. */
const MARK_START = '\u0002';
const MARK_END = '\u0003';

export interface Match {
  /** How well it matches; higher is better, and only good to compare within one search. */
  score: number;
}

export type JobMatchRow = JobRow & Match;
export type SegmentMatchRow = SegmentRow & Match;

const byScore = { kind: 'number', nullable: false, column: 'found.score' } as const;

export const jobMatchOrdering: Ordering<JobMatchRow> = {
  ...byScore,
  name: 'jobs.score',
  value: (row) => row.score,
  idColumn: 'jobs.id',
  id: (row) => row.id,
};

export const segmentMatchOrdering: Ordering<SegmentMatchRow> = {
  ...byScore,
  name: 'segments.score',
  value: (row) => row.score,
  idColumn: 'segments.id',
  id: (row) => row.id,
};

/** The words of a search, as both databases see them: letters and digits, in lower case. */
export function searchWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

export interface Search {
  words: readonly string[];
  /** Only this user's jobs; null for everybody's. */
  userId: number | null;
}

type SearchPage<Row> = Search & { page: PageRequest<Row> };

function jobMatches(db: Knex, { words, userId }: Search): Knex.QueryBuilder {
  const { search } = dialectOf(db);
  const query = db
    .from(db.raw(`(${search.jobs}) AS found`, [search.query(words)]))
    .join('jobs', 'jobs.id', 'found.job_id');
  return userId === null ? query : query.where('jobs.user_id', userId);
}

function segmentMatches(db: Knex, { words, userId }: Search): Knex.QueryBuilder {
  const { search } = dialectOf(db);
  const query = db
    .from(db.raw(`(${search.segments}) AS found`, [search.query(words)]))
    .join('segments', 'segments.id', 'found.segment_id');
  if (userId === null) return query;
  return query.join('jobs', 'jobs.id', 'segments.job_id').where('jobs.user_id', userId);
}

const columnsOf = (table: string, columns: readonly string[]): string[] => [
  'found.score',
  ...columns.map((column) => `${table}.${column}`),
];

export async function findJobMatches(
  db: Knex,
  { page, ...search }: SearchPage<JobMatchRow>,
): Promise<Page<JobMatchRow>> {
  return findPage(db, jobMatches(db, search).select(columnsOf('jobs', jobColumns)), page);
}

export async function findSegmentMatches(
  db: Knex,
  { page, ...search }: SearchPage<SegmentMatchRow>,
): Promise<Page<SegmentMatchRow>> {
  const query = segmentMatches(db, search).select(columnsOf('segments', segmentColumns));
  return findPage(db, query, page);
}

export async function countJobMatches(db: Knex, search: Search): Promise<number> {
  const [row] = await jobMatches(db, search).count({ count: '*' });
  return Number(row.count);
}

export async function countSegmentMatches(db: Knex, search: Search): Promise<number> {
  const [row] = await segmentMatches(db, search).count({ count: '*' });
  return Number(row.count);
}

/** A part of a text, and whether it is one of the words that were searched for. */
export interface TextFragment {
  text: string;
  isMatch: boolean;
}

function fragments(marked: string): TextFragment[] {
  return marked
    .split(MARK_START)
    .flatMap((part, index) => {
      if (index === 0) return [{ text: part, isMatch: false }];
      const [match = '', rest = ''] = part.split(MARK_END);
      return [
        { text: match, isMatch: true },
        { text: rest, isMatch: false },
      ];
    })
    .filter(({ text }) => text !== '');
}

interface HighlightRow<Id> {
  id: Id;
  marked: string;
}

const byHighlightedId = <Id>(rows: readonly HighlightRow<Id>[]): Map<Id, TextFragment[]> =>
  new Map(rows.map(({ id, marked }) => [id, fragments(marked)]));

/** The passage of each job's texts that matches best. Apart from the search, so that only a page's are made. */
export async function findJobHighlights(
  db: Knex,
  words: readonly string[],
  jobIds: readonly string[],
): Promise<Map<string, TextFragment[]>> {
  const { search, keyList } = dialectOf(db);
  return byHighlightedId(
    await select<HighlightRow<string>>(db, search.jobHighlights, [
      MARK_START,
      MARK_END,
      search.query(words),
      keyList(jobIds),
    ]),
  );
}

/** The whole text of each segment, its matching words marked. */
export async function findSegmentHighlights(
  db: Knex,
  words: readonly string[],
  segmentIds: readonly number[],
): Promise<Map<number, TextFragment[]>> {
  const { search, keyList } = dialectOf(db);
  return byHighlightedId(
    await select<HighlightRow<number>>(db, search.segmentHighlights, [
      MARK_START,
      MARK_END,
      search.query(words),
      keyList(segmentIds),
    ]),
  );
}
