import type { Knex } from 'knex';
import { dialectOf } from './client.ts';

export interface MetadataRow {
  job_id: string;
  tokens: number | null;
  duration: number | null;
  abstract: string | null;
  summary: string | null;
  /** Separated by commas. */
  keywords: string | null;
  language: string | null;
  sample_rate: number | null;
  wpm: number | null;
  sentiment: number | null;
  generated_at: string;
}

const metadataColumns = [
  'job_id',
  'tokens',
  'duration',
  'abstract',
  'summary',
  'keywords',
  'language',
  'sample_rate',
  'wpm',
  'sentiment',
  'generated_at',
] as const satisfies readonly (keyof MetadataRow)[];

export async function findMetadataByJobIds(
  db: Knex,
  jobIds: readonly string[],
): Promise<MetadataRow[]> {
  const dialect = dialectOf(db);
  return db('metadata')
    .select(metadataColumns)
    .whereRaw(dialect.isAnyOf('job_id', 'text'), [dialect.keyList(jobIds)]);
}
