import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { compiled, rowsOf } from './compiled.ts';
import { bestPassage, highlighted, type TextFragment } from './highlight.ts';
import { type JobRow, jobColumns, transcribedStatuses } from './jobs.ts';
import { type Ordering, type Page, type PageRequest, pageOf } from './keyset.ts';
import { pageStatement } from './pages.ts';
import { type SegmentRow, segmentColumns } from './segments.ts';

export type JobMatchRow = JobRow & {
  /** How well it matches; higher is better, and only good to compare within one search. */
  score: number;
};

/** The score is of the row alone: one that others' rows change would skip rows between two pages, or repeat them. */
export const jobMatchOrdering: Ordering<JobMatchRow> = {
  name: 'jobs.score',
  column: 'found.score',
  kind: 'real',
  nullable: false,
  value: (row) => row.score,
  idColumn: 'jobs.id',
  idType: 'text',
  id: (row) => row.id,
};

/** By the id alone. SQLite's index has it, and stops at the end of a page. */
export const segmentMatchOrdering: Ordering<SegmentRow> = {
  name: 'segments.newest',
  column: 'found.segment_id',
  kind: 'integer',
  nullable: false,
  value: (row) => row.id,
  idColumn: 'found.segment_id',
  idType: 'integer',
  id: (row) => row.id,
};

export interface Search {
  words: readonly string[];
  /** Only this user's jobs; null for everybody's. */
  userId: number | null;
}

type SearchPage<Row> = Search & { page: PageRequest<Row> };

/** What is bound. */
interface Asked {
  /** The words in the database's own query language. */
  query: string;
  userId: number | null;
}

const askedBy = (db: Knex, { words, userId }: Search): Asked => ({
  query: dialectOf(db).search.query(words),
  userId,
});

function jobMatches(db: Knex, select: Knex.QueryBuilder, { query, userId }: Asked) {
  const matches = select
    .from(db.raw(`(${dialectOf(db).search.jobs}) AS found`, [query]))
    .join('jobs', 'jobs.id', 'found.job_id');
  return userId === null ? matches : matches.where('jobs.user_id', userId);
}

/** What workers are handing in is not found before it is whole. */
function segmentMatches(db: Knex, select: Knex.QueryBuilder, { query, userId }: Asked) {
  const matches = select
    .from(db.raw(`(${dialectOf(db).search.segments}) AS found`, [query]))
    .join('segments', 'segments.id', 'found.segment_id')
    .join('jobs', 'jobs.id', 'segments.job_id')
    .whereIn('jobs.status', transcribedStatuses);
  return userId === null ? matches : matches.where('jobs.user_id', userId);
}

const columnsOf = (table: string, columns: readonly string[]): string[] =>
  columns.map((column) => `${table}.${column}`);

export async function findJobMatches(
  db: Knex,
  { page, ...search }: SearchPage<JobMatchRow>,
): Promise<Page<JobMatchRow>> {
  const statement = pageStatement(db, {
    shape: 'found jobs',
    filter: askedBy(db, search),
    page,
    select: () => db.select(['found.score', ...columnsOf('jobs', jobColumns)]),
    narrow: (select, asked) => jobMatches(db, select, asked),
  });
  return pageOf(await rowsOf<JobMatchRow>(db, statement), page);
}

export async function findSegmentMatches(
  db: Knex,
  { page, ...search }: SearchPage<SegmentRow>,
): Promise<Page<SegmentRow>> {
  const statement = pageStatement(db, {
    shape: 'found segments',
    filter: askedBy(db, search),
    page,
    select: () => db.select(columnsOf('segments', segmentColumns)),
    narrow: (select, asked) => segmentMatches(db, select, asked),
  });
  return pageOf(await rowsOf<SegmentRow>(db, statement), page);
}

export async function countJobMatches(db: Knex, search: Search): Promise<number> {
  const [row] = await jobMatches(db, db.count({ count: '*' }), askedBy(db, search));
  return Number(row.count);
}

export async function countSegmentMatches(db: Knex, search: Search): Promise<number> {
  const [row] = await segmentMatches(db, db.count({ count: '*' }), askedBy(db, search));
  return Number(row.count);
}

interface JobTexts {
  id: string;
  original_filename: string;
  abstract: string | null;
  summary: string | null;
  keywords: string | null;
}

/**
 * The passage of each job's texts that matches best. Made here and not by the databases: PostgreSQL's
 * ts_headline reads addresses, tags and hyphened words as one, where the index has their parts.
 */
export async function findJobHighlights(
  db: Knex,
  words: readonly string[],
  jobIds: readonly string[],
): Promise<Map<string, TextFragment[]>> {
  const { isAnyKey, keyList } = dialectOf(db);
  const statement = compiled(db, {
    shape: 'findJobHighlights ',
    values: { jobIds: keyList(jobIds) },
    build: (values) =>
      db('jobs')
        .leftJoin('metadata', 'metadata.job_id', 'jobs.id')
        .select('jobs.id', 'original_filename', 'abstract', 'summary', 'keywords')
        .whereRaw(isAnyKey('jobs.id', 'text'), [values.jobIds]),
  });
  const rows = await rowsOf<JobTexts>(db, statement);
  return new Map(
    rows.map(({ id, original_filename, abstract, summary, keywords }) => {
      const texts = [original_filename, abstract ?? '', summary ?? '', keywords ?? ''];
      return [id, highlighted(bestPassage(texts, words), words)];
    }),
  );
}
