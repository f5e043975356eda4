import { crc32 } from 'node:zlib';
import type { Knex } from 'knex';
import { ApiError } from '../errors.ts';
import { dialectOf } from './client.ts';
import {
  type Dialect,
  type KeyType,
  type OrderingKind,
  plain,
  type WriteParameter,
} from './dialect.ts';

/** One way to order rows: by a value, and among equal values by a unique id; the value may be that id. */
export interface Ordering<Row> {
  /** Stands in the cursor, so that a cursor of another ordering is refused. */
  name: string;
  /** The column, with its table where a statement has several. */
  column: string;
  kind: OrderingKind;
  /** Where nulls are possible they come below all values, on both databases. */
  nullable: boolean;
  value(row: Row): string | number | null;
  idColumn: string;
  idType: KeyType;
  id(row: Row): string | number;
}

/** The place of a row in an ordering. */
export interface Position {
  value: string | number | null;
  id: string | number;
}

/** A page of an ordering: at most `limit` rows between `after` and `before`. */
export interface PageRequest<Row> {
  ordering: Ordering<Row>;
  descending: boolean;
  limit: number;
  /** Whether the rows nearest to the end are asked for (`last`). */
  fromEnd: boolean;
  after: Position | null;
  before: Position | null;
}

export interface Page<Row> {
  rows: Row[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}

/** The SQL that an ordering compares and sorts by; an index on it and the id serves the page. */
export function orderExpression<Row>(dialect: Dialect, ordering: Ordering<Row>): string {
  return ordering.nullable ? dialect.nullsLowest(ordering.column, ordering.kind) : ordering.column;
}

/**
 * Narrows a query to a page and one row more, which tells whether there is another.
 * The limit stands in the text: a parameter would make PostgreSQL plan every call anew.
 */
export function keysetPage<Row>(
  query: Knex.QueryBuilder,
  dialect: Dialect,
  page: PageRequest<Row>,
  write: WriteParameter = plain,
): Knex.QueryBuilder {
  const { ordering, limit, fromEnd, after, before } = page;
  const expression = orderExpression(dialect, ordering);
  const isById = ordering.column === ordering.idColumn;
  const [value, id] = [write(ordering.kind), write(ordering.idType)];
  const bound = (position: Position, comparison: '<' | '>'): void => {
    if (isById) query.whereRaw(`${expression} ${comparison} ${id}`, [position.id]);
    else
      query.whereRaw(`(${expression}, ${ordering.idColumn}) ${comparison} (${value}, ${id})`, [
        position.value ?? dialect.lowest(ordering.kind),
        position.id,
      ]);
  };
  if (after) bound(after, page.descending ? '<' : '>');
  if (before) bound(before, page.descending ? '>' : '<');
  const direction = page.descending !== fromEnd ? 'DESC' : 'ASC';
  return query
    .orderByRaw(
      isById
        ? `${expression} ${direction}`
        : `${expression} ${direction}, ${ordering.idColumn} ${direction}`,
    )
    .limit(limit + 1, { skipBinding: true });
}

/** The rows that `keysetPage` brought, in the order asked for, and what lies beyond them. */
export function pageOf<OrderedRow, Row extends OrderedRow>(
  found: readonly Row[],
  page: PageRequest<OrderedRow>,
): Page<Row> {
  const rows = found.slice(0, page.limit);
  const more = found.length > page.limit;
  if (page.fromEnd) rows.reverse();
  return {
    rows,
    hasNextPage: page.fromEnd ? page.before !== null : more,
    hasPreviousPage: page.fromEnd ? more : page.after !== null,
  };
}

/** A text behind its checksum, in characters that an address can have. */
const sealed = (text: string): string =>
  Buffer.from(crc32(text).toString(16).padStart(8, '0') + text).toString('base64url');

/** An opaque cursor: the ordering's name and the row's place in it. */
export function encodeCursor<Row>(ordering: Ordering<Row>, row: Row): string {
  return sealed(JSON.stringify([ordering.name, ordering.value(row), ordering.id(row)]));
}

/** Throws BAD_USER_INPUT where the text is no cursor, was changed, or belongs to another ordering. */
export function decodeCursor<Row>(
  ordering: Ordering<Row>,
  cursor: string,
  argument: string,
): Position {
  const foreign = new ApiError(
    'BAD_USER_INPUT',
    `"${argument}" is not a cursor that this API gave out.`,
  );
  const text = Buffer.from(cursor, 'base64url').toString().slice(8);
  // Sealed again rather than opened: the same bytes have several spellings in base64 and hexadecimal.
  if (sealed(text) !== cursor) throw foreign;
  const [name, value, id] = contents(text);
  if (name !== ordering.name) {
    throw new ApiError(
      'BAD_USER_INPUT',
      `"${argument}" is a cursor of the ordering ${name}; this page is ordered by ${ordering.name}.`,
    );
  }
  if (!fits[ordering.kind](value) && !(ordering.nullable && value === null)) throw foreign;
  if (!fitsId[ordering.idType](id)) throw foreign;
  return { value, id } as Position;
}

/** Of these orderings the one whose name stands in the cursor; the first where none does. */
export function orderingOf<Row>(
  cursor: string,
  orderings: readonly [Ordering<Row>, ...Ordering<Row>[]],
): Ordering<Row> {
  const [name] = contents(Buffer.from(cursor, 'base64url').toString().slice(8));
  return orderings.find((ordering) => ordering.name === name) ?? orderings[0];
}

/** The checksum is no secret: somebody may have made a cursor that holds anything. */
function contents(text: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

const isText = (value: unknown): boolean => typeof value === 'string' && !value.includes('\0');

/** The largest that an integer column of PostgreSQL holds. */
export const MAX_INTEGER_ID = 2 ** 31 - 1;

const isInteger = (value: unknown, largest: number): boolean =>
  Number.isInteger(value) && Math.abs(Number(value)) <= largest;

/** What the columns of a kind can be compared with: PostgreSQL refuses a statement with any other value. */
const fits: Record<OrderingKind, (value: unknown) => boolean> = {
  // Four digits of a year: a moment beyond them has a sign before it, and no row is as old as the year 0.
  time: (value) =>
    isText(value) && /^(?!0000)\d{4}-/.test(String(value)) && isMoment(String(value)),
  real: Number.isFinite,
  integer: (value) => isInteger(value, MAX_INTEGER_ID),
  bigInteger: (value) => isInteger(value, Number.MAX_SAFE_INTEGER),
  text: isText,
};

function isMoment(text: string): boolean {
  return new Date(text).toJSON() === text;
}

const fitsId: Record<KeyType, (id: unknown) => boolean> = {
  integer: fits.integer,
  text: isText,
};

/** One page of a query that is written anew each time. `query` selects the columns and filters. */
export async function findPage<Row>(
  db: Knex,
  query: Knex.QueryBuilder,
  page: PageRequest<Row>,
): Promise<Page<Row>> {
  const rows: Row[] = await keysetPage(query, dialectOf(db), page);
  return pageOf(rows, page);
}

export const emptyPage = (): Page<never> => ({
  rows: [],
  hasNextPage: false,
  hasPreviousPage: false,
});
