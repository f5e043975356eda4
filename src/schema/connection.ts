import type { Ordering, Page, PageRequest } from '../db/keyset.ts';
import { decodeCursor, encodeCursor } from '../db/keyset.ts';
import { ApiError } from '../errors.ts';
import { builder } from './builder.ts';

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

export interface ConnectionArguments {
  first?: number | null | undefined;
  last?: number | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
}

const pageSize = ({ first, last }: ConnectionArguments): number =>
  first ?? last ?? DEFAULT_PAGE_SIZE;

/** What a connection costs: its entries, as many as may come. */
export const connectionComplexity = (args: ConnectionArguments) => ({
  field: 1,
  multiplier: Math.max(1, pageSize(args)),
});

/** How many entries are asked for. Throws BAD_USER_INPUT where that is negative or too many. */
export function pageRequestLimit(args: ConnectionArguments): number {
  const limit = pageSize(args);
  const name = args.last != null ? 'last' : 'first';
  if (limit < 0)
    throw new ApiError('BAD_USER_INPUT', `"${name}" is ${limit}; it cannot be negative.`);
  if (limit > MAX_PAGE_SIZE) {
    throw new ApiError(
      'BAD_USER_INPUT',
      `"${name}" is ${limit}; the largest page is ${MAX_PAGE_SIZE}.`,
    );
  }
  return limit;
}

/** The page that the arguments ask for. Throws BAD_USER_INPUT where they cannot be met. */
export function pageRequest<Row>(
  args: ConnectionArguments,
  ordering: Ordering<Row>,
  descending: boolean,
): PageRequest<Row> {
  const { first, last, after, before } = args;
  if (first != null && last != null) {
    throw new ApiError('BAD_USER_INPUT', 'Ask for "first" or for "last", not for both.');
  }
  return {
    ordering,
    descending,
    limit: pageRequestLimit(args),
    fromEnd: last != null,
    after: after == null ? null : decodeCursor(ordering, after, 'after'),
    before: before == null ? null : decodeCursor(ordering, before, 'before'),
  };
}

/** An entry of a page. Its cursor is made only when it is selected. */
class Edge<OrderedRow, Row extends OrderedRow> {
  readonly node: Row;
  readonly #ordering: Ordering<OrderedRow>;

  constructor(node: Row, ordering: Ordering<OrderedRow>) {
    this.node = node;
    this.#ordering = ordering;
  }

  get cursor(): string {
    return encodeCursor(this.#ordering, this.node);
  }
}

/**
 * What lies beyond a page. A class, since an object with getters of its own is a shape of its own to V8: shapes are
 * old from the start, and kept all rows of each page until a slow collection of garbage.
 */
class PageInfo<OrderedRow, Row extends OrderedRow> {
  readonly #page: Page<Row>;
  readonly #ordering: Ordering<OrderedRow>;

  constructor(page: Page<Row>, ordering: Ordering<OrderedRow>) {
    this.#page = page;
    this.#ordering = ordering;
  }

  get hasNextPage(): boolean {
    return this.#page.hasNextPage;
  }

  get hasPreviousPage(): boolean {
    return this.#page.hasPreviousPage;
  }

  get startCursor(): string | null {
    return this.#cursorOf(this.#page.rows[0]);
  }

  get endCursor(): string | null {
    return this.#cursorOf(this.#page.rows.at(-1));
  }

  #cursorOf(row: Row | undefined): string | null {
    return row === undefined ? null : encodeCursor(this.#ordering, row);
  }
}

/** A page as Relay's connection. Cursors and the count are made only when they are selected. */
export const connectionOf = <OrderedRow, Row extends OrderedRow>(
  page: Page<Row>,
  ordering: Ordering<OrderedRow>,
  totalCount: () => Promise<number>,
) => ({
  edges: page.rows.map((row) => new Edge(row, ordering)),
  pageInfo: new PageInfo(page, ordering),
  totalCount,
});

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    description:
      'How many there are on all pages, of a search 10,000 at most. It is counted only when it is asked for, and takes time that grows with the count.',
    complexity: 10,
    resolve: ({ totalCount }) => totalCount(),
  }),
);

export const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of an ordering comes first.',
  values: {
    ASC: {
      value: 'ascending',
      description: 'The lowest first; what has no value comes before all.',
    },
    DESC: { value: 'descending', description: 'The highest first; what has no value comes last.' },
  } as const,
});
