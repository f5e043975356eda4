import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { compiled, rowsOf } from './compiled.ts';
import type { KeyType } from './dialect.ts';
import { keysetPage, type Page, type PageRequest, pageOf } from './keyset.ts';
import type { SentText } from './sendAsWritten.ts';

/** Adds the conditions of a filter, whose values may be placeholders of a compiled statement. */
type Narrow<Filter> = (query: Knex.QueryBuilder, filter: Filter) => Knex.QueryBuilder;

interface Narrowed<Filter> {
  filter: Filter;
  narrow: Narrow<Filter>;
}

interface PageOfRows<Row, Filter> extends Narrowed<Filter> {
  /** Tells the text from those of others that have such a filter and page. */
  shape: string;
  page: PageRequest<Row>;
  select(): Knex.QueryBuilder;
}

/** What a text depends on, of a page. */
const shapeOf = <Row>({ ordering, descending, fromEnd, limit }: PageRequest<Row>): string =>
  `${ordering.name} ${descending} ${fromEnd} ${limit} `;

/** A statement whose rows `pageOf` takes. */
export function pageStatement<Row, Filter extends object>(
  db: Knex,
  { shape, filter, page, select, narrow }: PageOfRows<Row, Filter>,
): SentText {
  return compiled(db, {
    shape: `page of ${shape} ${shapeOf(page)}`,
    values: { filter, after: page.after, before: page.before },
    build: ({ filter, ...positions }) =>
      keysetPage(narrow(select(), filter), dialectOf(db), { ...page, ...positions }),
  });
}

/** Rows that belong to others, such as the jobs of users. */
interface Children<Parent, Filter> extends Narrowed<Filter> {
  table: string;
  parentColumn: string;
  parentType: KeyType;
  parents: readonly Parent[];
}

interface PageOfChildren<Row, Parent, Filter> extends Children<Parent, Filter> {
  columns: readonly string[];
  page: PageRequest<Row>;
  /** Adds what is read along with the rows, which are called `page`; what it adds is told by a shape. */
  along?: { shape: string; join(pages: Knex.QueryBuilder): Knex.QueryBuilder };
}

/** The same page of each of many parents, in one statement that stops early at each. */
export function pageOfEachParentStatement<
  Row,
  Parent extends string | number,
  Filter extends object,
>(db: Knex, request: PageOfChildren<Row, Parent, Filter>): SentText {
  const { table, columns, parentColumn, parentType, parents, narrow, page, along } = request;
  const dialect = dialectOf(db);
  return compiled(db, {
    shape: `pages of ${columns} of ${table} by ${parentColumn} ${along?.shape} ${shapeOf(page)}`,
    values: {
      parents: dialect.keyList(parents),
      filter: request.filter,
      after: page.after,
      before: page.before,
    },
    build({ parents, filter, ...positions }) {
      const pages = dialect.pageOfEachParent(db, {
        table,
        columns,
        parentColumn,
        parentType,
        parents,
        narrow: (query) =>
          keysetPage(narrow(query, filter), dialect, { ...page, ...positions }, dialect.unseen),
      });
      return along ? along.join(pages) : pages;
    },
  });
}

interface RowsOfParents<Row, Parent> {
  parents: readonly Parent[];
  parentOf(row: Row): Parent;
  page: PageRequest<Row>;
}

/** The pages of many parents, of the rows that one statement brought in no order. */
export function pagesOfEachParent<OrderedRow, Row extends OrderedRow, Parent>(
  rows: readonly Row[],
  { parents, parentOf, page }: RowsOfParents<OrderedRow, Parent>,
): Map<Parent, Page<Row>> {
  const found = new Map<Parent, Row[]>(parents.map((parent) => [parent, []]));
  for (const row of rows) found.get(parentOf(row))?.push(row);
  const order = inOrderOf(page);
  return new Map(
    [...found].map(([parent, own]) => [parent, pageOf(own.sort(order), page)] as const),
  );
}

export async function findPageOfEachParent<
  Row,
  Parent extends string | number,
  Filter extends object,
>(
  db: Knex,
  request: PageOfChildren<Row, Parent, Filter> & RowsOfParents<Row, Parent>,
): Promise<Map<Parent, Page<Row>>> {
  const rows = await rowsOf<Row>(db, pageOfEachParentStatement(db, request));
  return pagesOfEachParent(rows, request);
}

/** How many rows of a table a filter lets through. */
export async function countRows<Filter extends object>(
  db: Knex,
  { table, filter, narrow }: Narrowed<Filter> & { table: string },
): Promise<number> {
  const statement = compiled(db, {
    shape: `count of ${table} `,
    values: { filter },
    build: (values) => narrow(db(table).count({ count: '*' }), values.filter),
  });
  const [row] = await rowsOf<{ count: number }>(db, statement);
  return row?.count ?? 0;
}

/** How many rows each of many parents has, in one statement. A count of its own for each reads an index. */
export async function countOfEachParent<Parent extends string | number, Filter extends object>(
  db: Knex,
  { table, parentColumn, parentType, parents, filter, narrow }: Children<Parent, Filter>,
): Promise<Map<Parent, number>> {
  const dialect = dialectOf(db);
  const statement = compiled(db, {
    shape: `counts of ${table} by ${parentColumn} `,
    values: { parents: dialect.keyList(parents), filter },
    build(values) {
      const children = db(table).count('*').whereRaw(`${table}.${parentColumn} = k.value`);
      return db
        .select({ parent: 'k.value', count: narrow(children, values.filter) })
        .from(db.raw(dialect.eachKey(parentType), [values.parents]));
    },
  });
  const rows = await rowsOf<{ parent: Parent; count: number }>(db, statement);
  return new Map(rows.map(({ parent, count }) => [parent, count]));
}

/** Compares rows as the page's statement sorts them: a join gives no order, and these are few. */
function inOrderOf<Row>({ ordering, descending, fromEnd }: PageRequest<Row>) {
  const sign = descending !== fromEnd ? -1 : 1;
  const compare = (a: string | number | null, b: string | number | null): number => {
    if (a === b) return 0;
    if (a === null) return -1;
    if (b === null) return 1;
    return a < b ? -1 : 1;
  };
  return (a: Row, b: Row): number =>
    sign *
    (compare(ordering.value(a), ordering.value(b)) || compare(ordering.id(a), ordering.id(b)));
}
