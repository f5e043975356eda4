import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import {
  countOfEachParent,
  findPageOfEachParent,
  type Ordering,
  type Page,
  type PageRequest,
} from './keyset.ts';

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
  kind: 'number',
  nullable: false,
  value: (row) => row.position,
  idColumn: 'segments.id',
  idType: 'integer',
  id: (row) => row.id,
};

export async function findSegmentsByIds(db: Knex, ids: readonly number[]): Promise<SegmentRow[]> {
  const dialect = dialectOf(db);
  return db('segments')
    .select(segmentColumns)
    .whereRaw(dialect.isAnyOf('id', 'integer'), [dialect.keyList(ids)]);
}

/** All segments of the jobs, in order of time within each. */
export async function findSegmentsByJobIds(
  db: Knex,
  jobIds: readonly string[],
): Promise<SegmentRow[]> {
  const dialect = dialectOf(db);
  return db('segments')
    .select(segmentColumns)
    .whereRaw(dialect.isAnyOf('job_id', 'text'), [dialect.keyList(jobIds)])
    .orderBy(['job_id', 'position']);
}

export async function findSegmentPagesByJobIds(
  db: Knex,
  jobIds: readonly string[],
  page: PageRequest<SegmentRow>,
): Promise<Map<string, Page<SegmentRow>>> {
  return findPageOfEachParent(db, {
    table: 'segments',
    columns: segmentColumns,
    parentColumn: 'job_id',
    parentType: 'text',
    parents: jobIds,
    parentOf: (row: SegmentRow) => row.job_id,
    filter: (query) => query,
    page,
  });
}

export async function countSegmentsByJobIds(
  db: Knex,
  jobIds: readonly string[],
): Promise<Map<string, number>> {
  return countOfEachParent(db, {
    table: 'segments',
    parentColumn: 'job_id',
    parentType: 'text',
    parents: jobIds,
    filter: (query) => query,
  });
}
