import type { Knex } from 'knex';
import { findByKeys } from './findByKeys.ts';
import type { Ordering, Page, PageRequest } from './keyset.ts';
import { countOfEachParent, findPageOfEachParent } from './pages.ts';

export interface SegmentRow {
  id: number;
  job_id: string;
  position: number;
  start_seconds: number;
  end_seconds: number;
  text: string;
  speaker: string | null;
  average_log_probability: number | null;
  no_speech_probability: number | null;
}

/** A word of a segment and its time in seconds, in Whisper's names. */
export interface SpokenWord {
  word: string;
  start: number;
  end: number;
  probability?: number;
}

/** A segment with its words, where Whisper was asked for their times and somebody asks for them here. */
export interface TranscriptRow extends Omit<SegmentRow, 'id'> {
  words: readonly SpokenWord[] | null;
}

export const segmentColumns = [
  'id',
  'job_id',
  'position',
  'start_seconds',
  'end_seconds',
  'text',
  'speaker',
  'average_log_probability',
  'no_speech_probability',
] as const satisfies readonly (keyof SegmentRow)[];

/** The position is unique within a job, so it is its own tie-breaker. */
export const segmentOrdering: Ordering<SegmentRow> = {
  name: 'segments.position',
  column: 'segments.position',
  kind: 'integer',
  nullable: false,
  value: (row) => row.position,
  idColumn: 'segments.id',
  idType: 'integer',
  id: (row) => row.id,
};

const segmentsById = {
  table: 'segments',
  columns: segmentColumns,
  keyColumn: 'id',
  keyType: 'integer',
} as const;

export async function findSegmentsByIds(db: Knex, ids: readonly number[]): Promise<SegmentRow[]> {
  return findByKeys(db, segmentsById, ids);
}

const [, ...transcriptColumns] = segmentColumns;

/** The position alone says it all within a job. */
const transcriptOrdering: Ordering<StoredTranscriptRow> = {
  name: 'segments.position',
  column: 'segments.position',
  kind: 'integer',
  nullable: false,
  value: (row) => row.position,
  idColumn: 'segments.position',
  idType: 'integer',
  id: (row) => row.position,
};

export interface TranscriptPage {
  /** Those after this position; null from the beginning. */
  after: number | null;
  limit: number;
  withWords: boolean;
}

/** The next segments of each of the jobs, in order of time. */
export async function findTranscriptPagesByJobIds(
  db: Knex,
  jobIds: readonly string[],
  { after, limit, withWords }: TranscriptPage,
): Promise<Map<string, Page<TranscriptRow>>> {
  const pages = await findPageOfEachParent<StoredTranscriptRow, string, object>(db, {
    ...ofJobs,
    columns: withWords ? [...transcriptColumns, 'words'] : transcriptColumns,
    parents: jobIds,
    page: {
      ordering: transcriptOrdering,
      descending: false,
      limit,
      fromEnd: false,
      after: after === null ? null : { value: after, id: after },
      before: null,
    },
  });
  return new Map(
    [...pages].map(([jobId, page]) => [jobId, { ...page, rows: page.rows.map(withReadWords) }]),
  );
}

/** PostgreSQL's driver has read the JSON already. */
interface StoredTranscriptRow extends Omit<SegmentRow, 'id'> {
  words?: string | readonly SpokenWord[] | null;
}

const withReadWords = ({ words = null, ...segment }: StoredTranscriptRow): TranscriptRow => ({
  ...segment,
  words: typeof words === 'string' ? JSON.parse(words) : words,
});

const ofJobs = {
  table: 'segments',
  parentColumn: 'job_id',
  parentType: 'text',
  parentOf: (row: Pick<SegmentRow, 'job_id'>) => row.job_id,
  filter: {},
  narrow: (query: Knex.QueryBuilder) => query,
} as const;

export async function findSegmentPagesByJobIds(
  db: Knex,
  jobIds: readonly string[],
  page: PageRequest<SegmentRow>,
): Promise<Map<string, Page<SegmentRow>>> {
  return findPageOfEachParent<SegmentRow, string, object>(db, {
    ...ofJobs,
    columns: segmentColumns,
    parents: jobIds,
    page,
  });
}

export async function countSegmentsByJobIds(
  db: Knex,
  jobIds: readonly string[],
): Promise<Map<string, number>> {
  return countOfEachParent(db, { ...ofJobs, parents: jobIds });
}
