import type { IndexAdvice } from '../src/administration/indexAdvice.ts';
import {
  type IndexReport,
  reportIndexes,
  type UsedIndex,
} from '../src/administration/indexReport.ts';
import type { SeenStatements } from '../src/db/catalogue/seenStatements.ts';
import { beginningOf } from '../src/perf/resolutions.ts';
import { type Command, readArguments, type Surroundings } from './command.ts';
import { findCountingStart, findSums } from './figures.ts';
import { section } from './section.ts';
import type { Column } from './table.ts';
import { bytes, moment, written } from './wording.ts';

/** An index with its size read. */
export interface SizedIndex extends UsedIndex {
  bytes: number;
}

export interface SizedIndexReport extends IndexReport {
  indexes: SizedIndex[];
}

/**
 * What all processes sent in the last month, for SQLite, which doesn't count the use of its indexes. The
 * texts are stored without the mark that the client writes before a value.
 */
async function readSeenStatements({ db, now }: Surroundings): Promise<SeenStatements> {
  const period = { after: beginningOf('month', now) };
  const statements = await findSums(db, 'statement', period);
  return {
    since: (await findCountingStart(db, 'statement', period)) ?? now,
    record: () => {},
    calls: () => new Map(statements.map(({ name, calls }) => [name.replaceAll('?', '+?'), calls])),
  };
}

export async function readIndexes(surroundings: Surroundings): Promise<SizedIndexReport> {
  const { db, config, now } = surroundings;
  const report = await reportIndexes({
    db,
    seen: await readSeenStatements(surroundings),
    now,
    unusedIndexDays: config.unusedIndexDays,
  });
  const indexes: SizedIndex[] = [];
  for (const index of report.indexes) indexes.push({ ...index, bytes: await index.sizeBytes() });
  return { ...report, indexes: indexes.toSorted((one, other) => other.bytes - one.bytes) };
}

const keyOf = ({ keys, predicate }: SizedIndex): string =>
  keys.map(({ text, descending }) => (descending ? `${text} desc` : text)).join(', ') +
  (predicate === null ? '' : ` where ${predicate}`);

export const indexColumns: Column<SizedIndex>[] = [
  { title: 'table', value: ({ table }) => table },
  { title: 'index', value: ({ name }) => name },
  { title: 'key', value: keyOf, isCode: true },
  { title: 'size', value: (index) => bytes(index.bytes), isNumber: true },
  { title: 'scans', value: ({ scans }) => written(scans), isNumber: true },
];

export const adviceColumns: Column<IndexAdvice>[] = [
  { title: 'level', value: ({ level }) => level },
  { title: 'fault', value: ({ fault }) => fault },
  { title: 'index', value: ({ index }) => index },
  { title: 'why', value: ({ why }) => why },
];

/** The SQL of each advice, to paste: a table would cut it. */
export const remedies = (advice: readonly IndexAdvice[]): string[] =>
  advice.flatMap(({ sql }) => (sql === null ? [] : [sql]));

/** Every index, the largest first, and what is wrong with them. */
export const indexes: Command = {
  usage: '',
  read(args) {
    readArguments(args, {});
    return async (surroundings) => {
      const { width } = surroundings;
      const { countedSince, indexes, advice } = await readIndexes(surroundings);
      const sql = remedies(advice);
      return [
        section(
          `Indexes, their use counted since ${moment(countedSince)} UTC`,
          indexes,
          indexColumns,
          width,
        ),
        section('Advice', advice, adviceColumns, width),
        ...(sql.length === 0 ? [] : [`To paste, after a look:\n\n${sql.join('\n')}`]),
      ].join('\n\n');
    };
  },
};
