import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { compiled, rowsOf } from './compiled.ts';

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

export async function findMetadataByJobIds(
  db: Knex,
  jobIds: readonly string[],
): Promise<MetadataRow[]> {
  const { isAnyKey, keyList } = dialectOf(db);
  const statement = compiled(db, {
    shape: 'findMetadataByJobIds',
    values: { jobIds: keyList(jobIds) },
    build: (values) =>
      db('metadata').select(metadataColumns).whereRaw(isAnyKey('job_id', 'text'), [values.jobIds]),
  });
  return rowsOf(db, statement);
}
