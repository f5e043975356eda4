import type { IndexKey, IndexRow } from '../db/catalogue/catalogue.ts';
import { identifier } from '../db/catalogue/identifier.ts';
import type { RequiredIndex } from '../db/requiredIndexes.ts';
import type { AdviceLevel } from './advice.ts';

export const indexFaults = ['absent', 'invalid', 'duplicate', 'redundant', 'unused'] as const;

export type IndexFault = (typeof indexFaults)[number];

export interface IndexAdvice {
  fault: IndexFault;
  level: AdviceLevel;
  table: string;
  index: string;
  /** The other index that makes this one needless. */
  otherIndex: string | null;
  why: string;
  /** To paste; null where there is nothing to do. */
  sql: string | null;
}

/** An index, and how often it was used. */
type UsedIndex = IndexRow & { scans: number };

interface Situation {
  /** Those that have to be there by their names. */
  required: readonly RequiredIndex[];
  /** For how long the use was counted. */
  countedDays: number;
  /** Fewer days tell nothing of what is unused. */
  unusedDays: number;
  /** `CONCURRENTLY `, where the database knows it. */
  concurrently: string;
}

const compared = ({ text, collation, operatorClass }: IndexKey): string =>
  JSON.stringify([text, collation, operatorClass]);

const inOrder = (key: IndexKey): string => `${key.descending} ${key.nullsFirst}`;
const turned = (key: IndexKey): string => `${!key.descending} ${!key.nullsFirst}`;

/** Whether the keys of one are how the other begins, read from its start or from its end. */
function beginsWith(longer: readonly IndexKey[], shorter: readonly IndexKey[]): boolean {
  const sameOrder = (orderOf: (key: IndexKey) => string): boolean =>
    shorter.every((key, place) => {
      const other = longer[place];
      return (
        other !== undefined && compared(key) === compared(other) && inOrder(key) === orderOf(other)
      );
    });
  return sameOrder(inOrder) || sameOrder(turned);
}

const sameRows = (one: IndexRow, other: IndexRow): boolean =>
  one.table === other.table && one.method === other.method && one.predicate === other.predicate;

/** Whether all columns that one holds beside its key can be read from the other too. */
function holdsAllOf(other: IndexRow, one: IndexRow): boolean {
  const held = new Set([...other.keys.map(({ text }) => text), ...other.included]);
  return one.included.every((column) => held.has(column));
}

/** What speaks for keeping an index, the strongest first. */
function keeps(index: UsedIndex, situation: Situation): number[] {
  const isRequired = situation.required.some(({ name }) => name === index.name);
  return [
    index.constraint === 'primary_key' ? 1 : 0,
    index.constraint === null ? 0 : 1,
    index.isUnique ? 1 : 0,
    isRequired ? 1 : 0,
    index.scans,
  ];
}

/** Whether the first of two alike is the one to keep. */
function isKept(one: UsedIndex, other: UsedIndex, situation: Situation): boolean {
  const [mine, others] = [keeps(one, situation), keeps(other, situation)];
  const place = mine.findIndex((reason, at) => reason !== others[at]);
  if (place === -1) return one.name < other.name;
  return (mine[place] ?? 0) > (others[place] ?? 0);
}

const isDuplicateOf = (index: IndexRow, other: IndexRow): boolean =>
  sameRows(index, other) &&
  index.keys.length === other.keys.length &&
  beginsWith(other.keys, index.keys) &&
  holdsAllOf(other, index) &&
  // A unique index does what a plain one can't.
  (!index.isUnique || other.isUnique);

const isPrefixOf = (index: IndexRow, other: IndexRow): boolean =>
  sameRows(index, other) &&
  index.method === 'btree' &&
  index.keys.length < other.keys.length &&
  beginsWith(other.keys, index.keys) &&
  holdsAllOf(other, index) &&
  !index.isUnique;

function dropSql({ name, table, constraint, definition }: IndexRow, concurrently: string) {
  if (constraint === null) return `DROP INDEX ${concurrently}${identifier(name)};`;
  // SQLite has no statement for a constraint's index.
  if (definition === null) return null;
  return `ALTER TABLE ${identifier(table)} DROP CONSTRAINT ${identifier(name)};`;
}

/** What tells that an index could go. One that has to be there by its name stays. */
function goes(
  index: IndexRow,
  advice: Pick<IndexAdvice, 'fault' | 'level' | 'otherIndex' | 'why'>,
  { required, concurrently }: Situation,
): IndexAdvice {
  const isRequired = required.some(({ name }) => name === index.name);
  const subject = { table: index.table, index: index.name };
  if (!isRequired) return { ...advice, ...subject, sql: dropSql(index, concurrently) };
  return {
    ...advice,
    ...subject,
    level: 'info',
    why: `${advice.why} The schema wants it by this name, so leave it.`,
    sql: null,
  };
}

function invalidAdvice(index: IndexRow, { concurrently }: Situation): IndexAdvice {
  const name = identifier(index.name);
  // What REINDEX CONCURRENTLY was building, or had still to drop, when it was cut off.
  const isLeftover = /_cc(new|old)\d*$/.test(index.name);
  const mend = index.isUnique
    ? 'Remove rows that are there twice, then build it again.'
    : 'Build it again.';
  return {
    fault: 'invalid',
    level: 'warning',
    table: index.table,
    index: index.name,
    otherIndex: null,
    why: `Its build failed or was cut off: every write keeps it up, and no read may use it. ${
      isLeftover ? 'It is what a REINDEX left behind.' : mend
    }`,
    sql: isLeftover
      ? `DROP INDEX ${concurrently}${name};`
      : `REINDEX INDEX ${concurrently}${name};`,
  };
}

function absentAdvice(
  { name, table, sql }: RequiredIndex,
  indexes: readonly IndexRow[],
): IndexAdvice[] {
  if (indexes.some((index) => index.name === name)) return [];
  return [
    {
      fault: 'absent',
      level: 'warning',
      table,
      index: name,
      otherIndex: null,
      why: 'A migration made it and it is gone. Queries that count on it read the whole table.',
      sql: `${sql};`,
    },
  ];
}

function duplicateAdvice(
  index: UsedIndex,
  others: readonly UsedIndex[],
  situation: Situation,
): IndexAdvice[] {
  const other = others.find(
    (candidate) =>
      isDuplicateOf(index, candidate) &&
      !(isDuplicateOf(candidate, index) && isKept(index, candidate, situation)),
  );
  if (!other) return [];
  return [
    goes(
      index,
      {
        fault: 'duplicate',
        level: 'warning',
        otherIndex: other.name,
        why: `${other.name} has the same key${other.isUnique && !index.isUnique ? ', and is unique' : ''}: every write keeps both up for nothing.`,
      },
      situation,
    ),
  ];
}

function redundantAdvice(
  index: UsedIndex,
  others: readonly UsedIndex[],
  situation: Situation,
): IndexAdvice[] {
  const other = others.find((candidate) => isPrefixOf(index, candidate));
  if (!other) return [];
  return [
    goes(
      index,
      {
        fault: 'redundant',
        level: 'info',
        otherIndex: other.name,
        why: `${other.name} begins with the same key and can serve the same reads. It is larger, so a scan of this one alone would be a little faster.`,
      },
      situation,
    ),
  ];
}

function unusedAdvice(index: UsedIndex, situation: Situation): IndexAdvice[] {
  const { countedDays, unusedDays } = situation;
  if (index.isUnique || index.constraint !== null) return [];
  if (index.scans > 0 || countedDays < unusedDays) return [];
  const days = Math.floor(countedDays);
  return [
    goes(
      index,
      {
        fault: 'unused',
        level: 'warning',
        otherIndex: null,
        why: `No read used it in the ${days} ${days === 1 ? 'day' : 'days'} that are counted here. Replicas count for themselves; look there before it goes.`,
      },
      situation,
    ),
  ];
}

/** What is wrong with the indexes of a database. Everything is judged from what is given. */
export function adviseOnIndexes(
  indexes: readonly UsedIndex[],
  situation: Situation,
): IndexAdvice[] {
  const valid = indexes.filter(({ isValid }) => isValid);
  const invalid = indexes.filter(({ isValid }) => !isValid);
  const needless = valid.flatMap((index) => {
    const others = valid.filter((other) => other !== index);
    const duplicate = duplicateAdvice(index, others, situation);
    return [
      ...duplicate,
      ...(duplicate.length > 0 ? [] : redundantAdvice(index, others, situation)),
      ...unusedAdvice(index, situation),
    ];
  });
  return [
    ...situation.required.flatMap((required) => absentAdvice(required, indexes)),
    ...invalid.map((index) => invalidAdvice(index, situation)),
    ...needless,
  ];
}
