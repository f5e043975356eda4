import type { Knex } from 'knex';
import { findByKeys } from './findByKeys.ts';

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

export const metadataColumns = [
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

const metadataByJobId = {
  table: 'metadata',
  columns: metadataColumns,
  keyColumn: 'job_id',
  keyType: 'text',
} as const;

export async function findMetadataByJobIds(
  db: Knex,
  jobIds: readonly string[],
): Promise<MetadataRow[]> {
  return findByKeys(db, metadataByJobId, jobIds);
}
