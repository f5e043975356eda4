import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { compiled, rowsOf } from './compiled.ts';
import { type JobRow, jobColumns, transcribedStatuses } from './jobs.ts';
import { keysetPage, type Ordering, type Page, type PageRequest, pageOf } from './keyset.ts';
import { pageStatement } from './pages.ts';
import type { Asked, Written } from './searchDialect.ts';
import { type SegmentRow, segmentColumns } from './segments.ts';
import type { SentText } from './sendAsWritten.ts';

export type JobMatchRow = JobRow & {
  /** How well it matches; higher is better, and only good to compare within one search. Missing where it is not ranked. */
  score?: number;
  /** The later it came, the higher. */
  number: number;
};

/** The score is of the row alone: one that others' rows change would skip rows between two pages, or repeat them. */
export const jobMatchOrdering: Ordering<JobMatchRow> = {
  name: 'jobs.score',
  column: 'found.score',
  kind: 'real',
  nullable: false,
  value: (row) => row.score ?? null,
  idColumn: 'found.job_id',
  idType: 'text',
  id: (row) => row.id,
};

/** By the number alone, which is in the index: it stops at the end of a page. */
const byNumber = {
  column: 'found.number',
  kind: 'integer',
  nullable: false,
  idColumn: 'found.number',
  idType: 'integer',
} as const;

export const newestJobMatchOrdering: Ordering<JobMatchRow> = {
  ...byNumber,
  name: 'jobs.found',
  value: (row) => row.number,
  id: (row) => row.number,
};

export const segmentMatchOrdering: Ordering<SegmentRow> = {
  ...byNumber,
  name: 'segments.newest',
  value: (row) => row.id,
  id: (row) => row.id,
};

export interface Search {
  words: readonly string[];
  /** Only this user's jobs; null for everybody's. */
  userId: number | null;
}

type SearchPage<Row> = Search & { page: PageRequest<Row> };

/** What is bound. */
interface Bound extends Asked {
  userId: number | null;
}

function boundBy(db: Knex, { words, userId }: Search): Bound {
  const { query, ownedBy } = dialectOf(db).search;
  return { words: query(words), owner: userId === null ? null : ownedBy(userId), userId };
}

/** The index knows whose each is; that it is theirs is looked up nevertheless. */
const jobsOf = (userId: number | null): Written | null =>
  userId === null ? null : { sql: 'jobs.user_id = ?', bindings: [userId] };

/** What workers are handing in is not found before it is whole. */
const isTranscribed = `jobs.status IN (${transcribedStatuses.map((status) => `'${status}'`).join(', ')})`;

function transcribedJobsOf(userId: number | null): Written {
  const { sql, bindings } = jobsOf(userId) ?? { sql: 'true', bindings: [] };
  return { sql: `${isTranscribed} AND ${sql}`, bindings };
}

const raw = (db: Knex, { sql, bindings }: Written): Knex.Raw => db.raw(sql, [...bindings]);

interface NewestPage<Row> {
  rows: 'jobs' | 'segments';
  bound: Bound;
  page: PageRequest<Row>;
  visible(userId: number | null): Written | null;
  select(): Knex.QueryBuilder;
}

/** A page of the newest matches. */
function newestPage<Row>(
  db: Knex,
  { rows, bound, page, visible, select }: NewestPage<Row>,
): SentText {
  const dialect = dialectOf(db);
  const { ordering, descending, fromEnd, limit } = page;
  return compiled(db, {
    shape: `page of ${ordering.name} ${descending} ${fromEnd} ${limit} `,
    values: { bound, after: page.after, before: page.before },
    build({ bound, after, before }) {
      const ofJobs = visible(bound.userId);
      const [below, above] = descending ? [after, before] : [before, after];
      const found = dialect.search[rows].newest(bound, {
        upwards: descending === fromEnd,
        below: below?.id ?? null,
        above: above?.id ?? null,
        limit: limit + 1,
        visible: ofJobs,
      });
      const query = select().from(raw(db, found));
      if (ofJobs) query.whereRaw(ofJobs.sql, [...ofJobs.bindings]);
      return keysetPage(query, dialect, { ...page, after, before });
    },
  });
}

const columnsOf = (table: string, columns: readonly string[]): string[] =>
  columns.map((column) => `${table}.${column}`);

const matchColumns = ['found.number', ...columnsOf('jobs', jobColumns)];

/** A page of all matches, the best first: they are all ranked. */
function rankedPage(db: Knex, bound: Bound, page: PageRequest<JobMatchRow>): SentText {
  return pageStatement(db, {
    shape: 'found jobs',
    filter: bound,
    page,
    select: () => db.select(['found.score', ...matchColumns]),
    narrow(select, asked) {
      const ofJobs = jobsOf(asked.userId);
      const query = select.from(
        raw(db, dialectOf(db).search.rankedJobs(asked, page.descending === page.fromEnd)),
      );
      return ofJobs ? query.whereRaw(ofJobs.sql, [...ofJobs.bindings]) : query;
    },
  });
}

export async function findJobMatches(
  db: Knex,
  { page, ...search }: SearchPage<JobMatchRow>,
): Promise<Page<JobMatchRow>> {
  const bound = boundBy(db, search);
  const statement =
    page.ordering === newestJobMatchOrdering
      ? newestPage(db, {
          rows: 'jobs',
          bound,
          page,
          visible: jobsOf,
          select: () => db.select(matchColumns),
        })
      : rankedPage(db, bound, page);
  return pageOf(await rowsOf<JobMatchRow>(db, statement), page);
}

export async function findSegmentMatches(
  db: Knex,
  { page, ...search }: SearchPage<SegmentRow>,
): Promise<Page<SegmentRow>> {
  const statement = newestPage(db, {
    rows: 'segments',
    bound: boundBy(db, search),
    page,
    visible: transcribedJobsOf,
    select: () => db.select(columnsOf('segments', segmentColumns)),
  });
  return pageOf(await rowsOf<SegmentRow>(db, statement), page);
}

export interface Count {
  /** How many there are, or the most that are counted. */
  count: number;
  isExact: boolean;
}

interface BoundedCount {
  rows: 'jobs' | 'segments';
  bound: Bound;
  most: number;
  visible(userId: number | null): Written | null;
}

async function countUpTo(db: Knex, { rows, bound, most, visible }: BoundedCount): Promise<Count> {
  const statement = compiled(db, {
    shape: `count of found ${rows} ${most} `,
    values: bound,
    build: (values) =>
      raw(db, dialectOf(db).search[rows].count(values, most, visible(values.userId))),
  });
  const [row] = await rowsOf<{ count: number; more: boolean | number }>(db, statement);
  return { count: Math.min(row?.count ?? 0, most), isExact: !row?.more };
}

/** More than so many are not counted. */
export const MOST_COUNTED = 10_000;

/** More than so many are not ranked. */
export const MOST_RANKED = 400;

/** The index alone is asked: it has no jobs that are not there. */
const countJobsUpTo = (db: Knex, search: Search, most: number): Promise<Count> =>
  countUpTo(db, { rows: 'jobs', bound: boundBy(db, search), most, visible: () => null });

export const countJobMatches = (db: Knex, search: Search): Promise<Count> =>
  countJobsUpTo(db, search, MOST_COUNTED);

export const countSegmentMatches = (db: Knex, search: Search): Promise<Count> =>
  countUpTo(db, {
    rows: 'segments',
    bound: boundBy(db, search),
    most: MOST_COUNTED,
    visible: transcribedJobsOf,
  });

/** The best first, or where too many match to rank them all, the newest. */
export async function findJobMatchOrdering(
  db: Knex,
  search: Search,
): Promise<Ordering<JobMatchRow>> {
  const { isExact } = await countJobsUpTo(db, search, MOST_RANKED);
  return isExact ? jobMatchOrdering : newestJobMatchOrdering;
}

/** The texts of a job that a search looks at. */
export interface JobTexts {
  id: string;
  texts: string[];
}

interface JobTextsRow {
  id: string;
  original_filename: string;
  abstract: string | null;
  summary: string | null;
  keywords: string | null;
}

export async function findJobTexts(db: Knex, jobIds: readonly string[]): Promise<JobTexts[]> {
  const { isAnyKey, keyList } = dialectOf(db);
  const statement = compiled(db, {
    shape: 'findJobTexts ',
    values: { jobIds: keyList(jobIds) },
    build: (values) =>
      db('jobs')
        .leftJoin('metadata', 'metadata.job_id', 'jobs.id')
        .select('jobs.id', 'original_filename', 'abstract', 'summary', 'keywords')
        .whereRaw(isAnyKey('jobs.id', 'text'), [values.jobIds]),
  });
  const rows = await rowsOf<JobTextsRow>(db, statement);
  return rows.map(({ id, original_filename, abstract, summary, keywords }) => ({
    id,
    texts: [original_filename, abstract ?? '', summary ?? '', keywords ?? ''],
  }));
}
