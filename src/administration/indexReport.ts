import type { Knex } from 'knex';
import type { IndexRow } from '../db/catalogue/catalogue.ts';
import { catalogueOf } from '../db/catalogue/catalogueOf.ts';
import type { SeenStatements } from '../db/catalogue/seenStatements.ts';
import { readRequiredIndexes } from '../db/requiredIndexes.ts';
import { adviseOnIndexes, type IndexAdvice } from './indexAdvice.ts';

interface Options {
  db: Knex;
  seen: SeenStatements;
  now: Date;
  /** Days that have to be counted before an index without use is called unused. */
  unusedIndexDays: number;
}

export interface UsedIndex extends IndexRow {
  scans: number;
  /** Read when it is asked for: on SQLite that reads the whole file. */
  sizeBytes(): Promise<number>;
  isRequired: boolean;
}

export interface IndexReport {
  /** From when on the use is counted. */
  countedSince: string;
  indexes: UsedIndex[];
  advice: IndexAdvice[];
}

const DAY_MS = 86_400_000;

async function readSizes(db: Knex): Promise<Map<string, number>> {
  const sizes = await catalogueOf(db).findSizes(db);
  return new Map(sizes.map(({ name, bytes }) => [name, bytes]));
}

/** Reads at the first question, and answers all with that. */
function onceAsked<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= read();
    return value;
  };
}

/** Every index with its use, and what is wrong with them. */
export async function reportIndexes({
  db,
  seen,
  now,
  unusedIndexDays,
}: Options): Promise<IndexReport> {
  const catalogue = catalogueOf(db);
  const rows = await catalogue.findIndexes(db);
  const required = await readRequiredIndexes(db);
  const isRequired = new Set(required.map(({ name }) => name));
  const uses = await catalogue.findIndexUses(db, seen.calls());
  const sizes = onceAsked(() => readSizes(db));
  const indexes = rows.map((index) => ({
    ...index,
    scans: uses?.get(index.name) ?? index.scans ?? 0,
    sizeBytes: async () => (await sizes()).get(index.name) ?? 0,
    isRequired: isRequired.has(index.name),
  }));
  const countedSince = (await catalogue.findCountingStart(db)) ?? seen.since.toISOString();
  return {
    countedSince,
    indexes,
    advice: adviseOnIndexes(indexes, {
      required,
      countedDays: (now.getTime() - Date.parse(countedSince)) / DAY_MS,
      unusedDays: unusedIndexDays,
      concurrently: catalogue.concurrently,
    }),
  };
}
