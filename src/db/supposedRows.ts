import type { AnswerColumn, AnswerKind } from './planDialect.ts';
import type { SentText } from './sendAsWritten.ts';

export type KnownValues = Readonly<Record<string, unknown>>;

/** Values of columns that take only some. Where one is missing, explaining tells that its field can't be written. */
const samples: KnownValues = {
  status: 'completed',
  error_code: null,
  role: 'user',
  severity: 'info',
  is_active: 1,
  must_change_password: 0,
  // More than a search ranks: it sends most then.
  matches: 1000,
};

const ofKind: Record<AnswerKind, unknown> = {
  number: 1,
  text: 'text',
  time: '2026-01-01T00:00:00.000Z',
  boolean: true,
  json: [],
};

/** Ids that no row has by now: they are below the highest that ids can be, and rows begin at 1. */
const FIRST_ID = 900_000_000;

/** What a statement asks for, by column: lists of keys, and single values. */
interface Asked {
  lists: Map<string, readonly unknown[]>;
  equal: Map<string, unknown>;
}

const unquoted = (sql: string): string => sql.replace(/["`]/g, '').replace(/\s+/g, ' ');

/** A list is one parameter: an array, or as JSON. */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : [];
  return Array.isArray(parsed) ? parsed : [];
}

/** The columns that are compared with the rows of a list, or are its rows: `user_id = k.value`, `k.value AS parent`. */
function columnsOfList(sql: string, alias: string): string[] {
  const compared = sql.matchAll(new RegExp(`(\\w+) = ${alias}\\.value`, 'gi'));
  const selected = sql.matchAll(new RegExp(`\\b${alias}\\.value as (\\w+)`, 'gi'));
  return [...compared, ...selected].map(([, column = '']) => column);
}

/** Reads what our own statements ask for, as the dialects write it. */
function askedBy({ sql, bindings }: SentText): Asked {
  const text = unquoted(sql);
  const asked: Asked = { lists: new Map(), equal: new Map() };
  let position = 0;
  for (const { index, 0: parameter } of text.matchAll(/\+?\?|\$\d+/g)) {
    const value = bindings[position];
    position += 1;
    const before = text.slice(0, index);
    const after = text.slice(index + parameter.length);
    const column =
      /(\w+) (?:IN \(SELECT value FROM json_each\(|= ANY\((?:\(SELECT )?)$/i.exec(before)?.[1] ??
      null;
    const alias = /(?:json_each\(|unnest\(\(SELECT )$/i.test(before)
      ? /^[^)]*\)+[^()]*? AS (\w+)/i.exec(after)?.[1]
      : undefined;
    const columns = alias === undefined ? [column ?? []].flat() : columnsOfList(text, alias);
    for (const name of columns) asked.lists.set(name, listOf(value));
    const compared = /(\w+) = (?:\(SELECT )?$/.exec(before)?.[1];
    if (compared !== undefined) asked.equal.set(compared, value);
  }
  return asked;
}

/**
 * How many rows there are, for each parent where there are any: by the last limit, one where there is none. A page asks for
 * one row more than it has, to know whether there is another; there is none, or who reads page after page
 * would never end.
 */
const rowCountOf = (sql: string): number =>
  Math.max(1, Number([...sql.matchAll(/\blimit (\d+)\b/gi)].at(-1)?.[1] ?? 1) - 1);

type Row = Record<string, unknown>;

/**
 * Makes the rows that statements suppose: with the keys that were asked for, and ids that refer to nobody.
 * A row that was made before is the same when it comes again, as a loader that has it notices.
 */
export class SupposedRows {
  readonly #known: KnownValues;
  readonly #made = new Map<string, Row>();
  #lastId = FIRST_ID;

  constructor(known: KnownValues) {
    this.#known = known;
  }

  /** As if every key were there, every page full, and nothing beyond it. */
  answerTo(statement: SentText, columns: readonly AnswerColumn[]): Row[] {
    const { lists, equal } = askedBy(statement);
    const [keys = [null]] = lists.values();
    const perKey = rowCountOf(statement.sql);
    return keys.flatMap((_, index) => {
      const given: Row = Object.fromEntries(equal);
      for (const [column, list] of lists) given[column] = list[index % list.length];
      return Array.from({ length: perKey }, () => this.#row(columns, given));
    });
  }

  #row(columns: readonly AnswerColumn[], given: Row): Row {
    const id = columns.find(({ name }) => name === 'id');
    const idValue = id && (given.id ?? this.#value(id));
    const place = `${id?.table} ${idValue}`;
    const before = id ? this.#made.get(place) : undefined;
    const row: Row = {};
    for (const column of columns) {
      const { name } = column;
      const value =
        column === id ? idValue : (given[name] ?? before?.[name] ?? this.#value(column));
      row[name] = value;
      // What is read along with a job is the job's own.
      if (name === 'user.id') row[name] = row.user_id ?? value;
      if (name === 'metadata.job_id') row[name] = idValue;
    }
    if (id) this.#made.set(place, { ...before, ...row });
    return row;
  }

  #value({ name: fullName, kind }: AnswerColumn): unknown {
    // What is read along with a job is named by where it belongs: `user.role`.
    const name = fullName.slice(fullName.lastIndexOf('.') + 1);
    if (name in this.#known) return this.#known[name];
    if (name in samples) return samples[name];
    if (!/^id$|_id$/.test(name)) return ofKind[kind];
    this.#lastId += 1;
    return kind === 'number' ? this.#lastId : `0-${this.#lastId}`;
  }
}
