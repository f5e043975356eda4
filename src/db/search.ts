import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { compiled, rowsOf } from './compiled.ts';
import { type JobRow, jobColumns, transcribedStatuses } from './jobs.ts';
import { keysetPage, type Ordering, type Page, type PageRequest, pageOf } from './keyset.ts';
import { pageStatement } from './pages.ts';
import type { Asked, Written } from './searchDialect.ts';
import { type SegmentRow, segmentColumns } from './segments.ts';
import type { SentText } from './sendAsWritten.ts';

/** What orders the jobs that were found. */
export interface JobMatch {
  id: string;
  /** How well it matches; higher is better, and only good to compare within one search. None where it is not ranked. */
  score?: number | null;
  /** The later it came, the higher. */
  number: number;
}

export type JobMatchRow = JobRow & JobMatch;

/** The score is of the row alone: one that others' rows change would skip rows between two pages, or repeat them. */
export const jobMatchOrdering: Ordering<JobMatch> = {
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

export const newestJobMatchOrdering: Ordering<JobMatch> = {
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

/** More than so many are not ranked. */
export const MOST_RANKED = 400;

export interface Search {
  words: readonly string[];
  /** Only this user's jobs; null for everybody's. */
  userId: number | null;
}

type JobColumns = readonly (keyof JobRow)[];

type SearchPage<Row> = Search & { page: PageRequest<Row> };

/** What is bound. */
interface Bound extends Asked {
  userId: number | null;
}

function boundBy(db: Knex, { words, userId }: Search): Bound {
  const { query, halves, ownedBy } = dialectOf(db).search;
  return {
    words: query(words),
    halves: halves(words),
    owner: userId === null ? null : ownedBy(userId),
    userId,
  };
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
  columns: readonly string[];
}

/** A page of the newest matches. */
function newestPage<Row>(
  db: Knex,
  { rows, bound, page, visible, columns }: NewestPage<Row>,
): SentText {
  const dialect = dialectOf(db);
  const { ordering, descending, fromEnd, limit } = page;
  return compiled(db, {
    shape: `page of ${columns} by ${ordering.name} ${descending} ${fromEnd} ${limit} `,
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
      const query = db.select(columns).from(raw(db, found));
      if (ofJobs) query.whereRaw(ofJobs.sql, [...ofJobs.bindings]);
      return keysetPage(query, dialect, { ...page, after, before });
    },
  });
}

const columnsOf = (table: string, columns: readonly string[]): string[] =>
  columns.map((column) => `${table}.${column}`);

/** What is read of a job that matches, which is less where not all is selected. */
const matchColumns = (columns: JobColumns): string[] => [
  'found.number',
  ...columnsOf('jobs', columns),
];

interface JobsAsked {
  bound: Bound;
  page: PageRequest<JobMatch>;
  columns: JobColumns;
}

/** A page of all matches, the best first: they are all ranked. */
function rankedPage(db: Knex, { bound, page, columns }: JobsAsked): SentText {
  return pageStatement(db, {
    shape: `found jobs ${columns}`,
    filter: bound,
    page,
    select: () => db.select(['found.score', ...matchColumns(columns)]),
    narrow(select, asked) {
      const ofJobs = jobsOf(asked.userId);
      const query = select.from(
        raw(db, dialectOf(db).search.rankedJobs(asked, page.descending === page.fromEnd)),
      );
      return ofJobs ? query.whereRaw(ofJobs.sql, [...ofJobs.bindings]) : query;
    },
  });
}

const newestJobPage = (db: Knex, { bound, page, columns }: JobsAsked): SentText =>
  newestPage(db, {
    rows: 'jobs',
    bound,
    page: { ...page, ordering: newestJobMatchOrdering },
    visible: jobsOf,
    columns: matchColumns(columns),
  });

/** A first or last page, which tells how many match. */
function firstPage(db: Knex, { bound, page, columns }: JobsAsked): SentText {
  const upwards = page.descending === page.fromEnd;
  return compiled(db, {
    shape: `first page of found jobs ${columns} ${upwards} ${page.limit} `,
    values: bound,
    build(asked) {
      const found = dialectOf(db).search.firstJobs(asked, {
        upwards,
        limit: page.limit + 1,
        most: MOST_RANKED,
        visible: jobsOf(asked.userId),
      });
      const direction = upwards ? 'ASC' : 'DESC';
      return db
        .select(['found.matches', 'found.score', ...matchColumns(columns)])
        .from(raw(db, found))
        .orderByRaw(
          ['score', 'tie', 'number'].map((column) => `found.${column} ${direction}`).join(', '),
        )
        .limit(page.limit + 1, { skipBinding: true });
    },
  });
}

/** A page of jobs that were found, in the order that it has. */
export interface FoundJobs {
  page: Page<JobMatchRow>;
  ordering: Ordering<JobMatch>;
  /** How many there are, where that is known already. */
  count: Count | null;
}

/** The best first, or where too many match to rank them all, the newest. */
async function findFirstJobMatches(db: Knex, asked: JobsAsked): Promise<FoundJobs> {
  const { page } = asked;
  const rows = await rowsOf<JobMatchRow & { matches: number }>(db, firstPage(db, asked));
  const matches = rows[0]?.matches ?? 0;
  const found = rows.filter(({ id }) => id !== null);
  if (matches <= MOST_RANKED) {
    const count = { count: matches, isExact: true };
    return { page: pageOf(found, page), ordering: jobMatchOrdering, count };
  }
  const newest = dialectOf(db).search.givesNewestFirst
    ? found
    : await rowsOf<JobMatchRow>(db, newestJobPage(db, asked));
  return { page: pageOf(newest, page), ordering: newestJobMatchOrdering, count: null };
}

/** Without a cursor, the ordering is the one that fits how many match. */
export async function findJobMatches(
  db: Knex,
  { page, columns = jobColumns, ...search }: SearchPage<JobMatch> & { columns?: JobColumns },
): Promise<FoundJobs> {
  const asked = { bound: boundBy(db, search), page, columns };
  const { ordering, after, before } = page;
  if (!after && !before) return findFirstJobMatches(db, asked);
  const statement =
    ordering === newestJobMatchOrdering ? newestJobPage(db, asked) : rankedPage(db, asked);
  const rows = await rowsOf<JobMatchRow>(db, statement);
  return { page: pageOf(rows, page), ordering, count: null };
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
    columns: columnsOf('segments', segmentColumns),
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

/** The index alone is asked: it has no jobs that are not there. */
export const countJobMatches = (db: Knex, search: Search): Promise<Count> =>
  countUpTo(db, {
    rows: 'jobs',
    bound: boundBy(db, search),
    most: MOST_COUNTED,
    visible: () => null,
  });

export const countSegmentMatches = (db: Knex, search: Search): Promise<Count> =>
  countUpTo(db, {
    rows: 'segments',
    bound: boundBy(db, search),
    most: MOST_COUNTED,
    visible: transcribedJobsOf,
  });

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
