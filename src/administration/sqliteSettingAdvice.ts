import { LEFT_PAGES } from '../db/sqliteConnection.ts';
import { type Judge, rounded, type SettingRule, shownBytes } from './settingAdvice.ts';

const MIB = 1024 ** 2;
/** What SQLite maps at most. */
const MOST_MAPPED = 2 * 1024 * MIB;

/** Settings of a connection have no SQL to paste: the service sets them when it connects. */
const oneOf =
  (values: readonly string[], why: string, verdict: 'warning' | 'critical', sql?: string): Judge =>
  ({ value }) =>
    values.includes(value.toUpperCase())
      ? null
      : { advised: values[0] ?? '', verdict, why, sql: sql ?? null };

/** `cache_size` counts pages, or KiB where it is negative. */
const cacheBytes = (number: number, pageSize: number): number =>
  number < 0 ? -number * 1024 : number * pageSize;

const powerOfTwoBelow = (bytes: number): number => 2 ** Math.floor(Math.log2(Math.max(bytes, MIB)));

const judgeCache: Judge = ({ number }, { facts, numberOf }) => {
  const bytes = cacheBytes(number ?? 0, numberOf('page_size'));
  const memory = facts.memoryBytes ?? 0;
  // The process has its heap beside it, and the system caches the file once more.
  const wanted = Math.min(rounded(facts.databaseBytes), powerOfTwoBelow(memory / 16));
  if (bytes >= wanted && bytes <= memory / 4) return null;
  return {
    advised: String(-wanted / 1024),
    verdict: bytes > memory / 4 ? 'warning' : 'info',
    why: `Up to ${shownBytes(bytes)} of pages are kept, of a database of ${shownBytes(facts.databaseBytes)}; this machine has ${shownBytes(memory)} of memory.`,
    sql: null,
  };
};

const judgeMap: Judge = ({ number }, { facts }) => {
  const memory = facts.memoryBytes ?? 0;
  const wanted = Math.min(rounded(facts.databaseBytes), powerOfTwoBelow(memory / 2), MOST_MAPPED);
  if ((number ?? 0) >= wanted) return null;
  return {
    advised: String(wanted),
    verdict: 'info',
    why: `Reads of the ${shownBytes(facts.databaseBytes)} file are copied where it is not mapped into memory.`,
    sql: null,
  };
};

/** Below this much of the file, what is free is soon used again. */
const FREE_SHARE = 0.25;

const judgeVacuum: Judge = ({ value }, { facts }) => {
  const free = facts.freeShare ?? 0;
  if (free < FREE_SHARE) return null;
  return {
    advised: value,
    verdict: 'info',
    why: `${Math.round(free * 100)} % of the file are free pages. VACUUM gives them back; it rewrites the file, and nobody can write meanwhile.`,
    sql: 'VACUUM;',
  };
};

const judgePageSize: Judge = ({ number }) =>
  (number ?? 0) >= 4096
    ? null
    : {
        advised: '4096',
        verdict: 'warning',
        why: 'Smaller pages than those of the disk make trees deeper and reads more. VACUUM changes them, outside of WAL.',
        sql: 'PRAGMA journal_mode = DELETE; PRAGMA page_size = 4096; VACUUM; PRAGMA journal_mode = WAL;',
      };

const judgeCheckpoint: Judge = ({ number }) => {
  if (number === LEFT_PAGES) return null;
  return {
    advised: String(LEFT_PAGES),
    verdict: 'warning',
    why:
      number === 0
        ? 'Were no other thread to copy the write-ahead log, it would grow without end.'
        : 'The thread that serves is held while it copies the write-ahead log, which another thread does anyway.',
    sql: null,
  };
};

const judgeTimeout: Judge = ({ number }) =>
  number === 0
    ? null
    : {
        advised: '0',
        verdict: 'info',
        why: 'SQLite itself would wait for another writer, and its thread with it.',
        sql: null,
      };

export const sqliteRules: Readonly<Record<string, SettingRule>> = {
  auto_vacuum: {
    fits: 'Free pages are few, and used again by what comes next.',
    judge: judgeVacuum,
  },
  busy_timeout: {
    fits: 'The service waits for another writer, and tries again; its thread goes on meanwhile.',
    judge: judgeTimeout,
  },
  cache_size: {
    fits: ({ facts }) =>
      `Pages kept in memory, of a database of ${shownBytes(facts.databaseBytes)}; KiB where it is negative.`,
    judge: judgeCache,
  },
  foreign_keys: {
    fits: 'References are held.',
    judge: oneOf(
      ['ON'],
      'References are not held: rows can be left behind without their owner.',
      'critical',
    ),
  },
  journal_mode: {
    fits: 'Readers and a writer go on beside each other.',
    judge: oneOf(
      ['WAL'],
      'Every write stops all readers, and every reader the writer.',
      'warning',
      'PRAGMA journal_mode = WAL;',
    ),
  },
  mmap_size: { fits: 'So many bytes of the file are read without copying.', judge: judgeMap },
  page_size: { fits: 'Pages as large as those of the disk.', judge: judgePageSize },
  synchronous: {
    fits: 'With WAL the file cannot be corrupted; with NORMAL a power cut may lose the last commits.',
    judge: oneOf(['NORMAL', 'FULL', 'EXTRA'], 'A power cut may corrupt the file.', 'critical'),
  },
  temp_store: {
    fits: 'What is sorted on the way stays in memory.',
    judge: oneOf(['MEMORY'], 'What is sorted on the way is written to files.', 'warning'),
  },
  wal_autocheckpoint: {
    fits: 'Another thread copies the write-ahead log from a thousand pages on; who writes does it only where that fails.',
    judge: judgeCheckpoint,
  },
  optimize: {
    fits: 'The planner knows how many rows an index finds.',
    judge: oneOf(
      ['ANALYZED'],
      'There was no ANALYZE yet, so the planner guesses. `analyzeTables` runs it.',
      'warning',
      'ANALYZE;',
    ),
  },
};
