import type { Knex } from 'knex';
import { insertFromJson } from './bulkInsert.ts';
import type { MetadataRow } from './metadata.ts';
import type { SegmentRow, SpokenWord } from './segments.ts';

/** A segment that is handed in. */
export interface NewTranscriptSegment extends Omit<SegmentRow, 'id'> {
  words: readonly SpokenWord[] | null;
}

const newColumns = [
  'job_id',
  'position',
  'start_seconds',
  'end_seconds',
  'text',
  'speaker',
  'average_log_probability',
  'no_speech_probability',
  'words',
] as const satisfies readonly (keyof NewTranscriptSegment)[];

/** Stores segments that are an array of NewTranscriptSegment in JSON: one parameter, whatever their number. */
export async function insertTranscriptSegments(
  transaction: Knex.Transaction,
  rows: string,
): Promise<void> {
  await transaction.raw(insertFromJson(transaction, 'segments', newColumns), [rows]);
}

/** The segment of the job that is the last so far; null where it has none. */
export async function findLastSegment(
  db: Knex,
  jobId: string,
): Promise<Pick<SegmentRow, 'id' | 'position'> | null> {
  const [row] = await db('segments')
    .select('id', 'position')
    .where('job_id', jobId)
    .orderBy('position', 'desc')
    .limit(1, { skipBinding: true });
  return row ?? null;
}

/** Deletes so many segments of the job, from its end, and tells how many there were. */
export async function deleteLastSegments(
  transaction: Knex.Transaction,
  jobId: string,
  limit: number,
): Promise<number> {
  return transaction('segments')
    .whereIn(
      'id',
      transaction('segments')
        .select('id')
        .where('job_id', jobId)
        .orderBy('position', 'desc')
        .limit(limit, { skipBinding: true }),
    )
    .delete();
}

/** What was found in a transcript, in place of what was found before. */
export async function insertMetadata(
  transaction: Knex.Transaction,
  metadata: Pick<
    MetadataRow,
    'job_id' | 'tokens' | 'duration' | 'language' | 'wpm' | 'generated_at'
  >,
): Promise<void> {
  await transaction('metadata').insert(metadata).onConflict('job_id').merge();
}
