import type { Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import { dialectOf } from './client.ts';
import type { Dialect } from './dialect.ts';
import { type SentText, withConnection } from './sendAsWritten.ts';

/**
 * Texts that are kept, the least recently used given up: a client chooses columns, filters, orders and page sizes,
 * in more ways than there is room for.
 */
const MAX_TEXTS = 5000;

/** Stands for a value while Knex writes a statement. */
class Placeholder {
  readonly position: number;

  constructor(position: number) {
    this.position = position;
  }
}

interface CompiledText {
  sql: string;
  /** A placeholder, or what is bound whatever the values are. */
  bindings: readonly unknown[];
}

const compiledTexts = new Map<Dialect, LRUCache<string, CompiledText>>();

function textsOf(dialect: Dialect): LRUCache<string, CompiledText> {
  let texts = compiledTexts.get(dialect);
  if (!texts) {
    texts = new LRUCache({ max: MAX_TEXTS });
    compiledTexts.set(dialect, texts);
  }
  return texts;
}

/** Which values there are, as text; the values themselves are put into a list. What is null is not there. */
function shapeOf(value: unknown, values: unknown[]): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object' || Array.isArray(value)) {
    values.push(value);
    return '?';
  }
  let shape = '{';
  for (const [name, member] of Object.entries(value)) {
    const inner = shapeOf(member, values);
    if (inner !== '') shape += `${name}:${inner} `;
  }
  return `${shape}}`;
}

/** The same with placeholders for the values, in the same order. */
function withPlaceholders(value: unknown, next: { position: number }): unknown {
  if (value === null || value === undefined) return value;
  if (typeof value !== 'object' || Array.isArray(value)) {
    const placeholder = new Placeholder(next.position);
    next.position += 1;
    return placeholder;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withPlaceholders(member, next)]),
  );
}

interface Compilable<Values extends object> {
  /** All that the text depends on beside which values there are. */
  shape: string;
  /** What is bound. A member that is null is as good as none; a list is one value. */
  values: Values;
  /** Writes the statement. The values may be placeholders: it may bind them, and ask whether they are null. */
  build(values: Values): Knex.QueryBuilder | Knex.Raw;
}

/** The statement, its text written by Knex once for each shape: that takes longer than many a statement. */
export function compiled<Values extends object>(
  db: Knex,
  { shape, values, build }: Compilable<Values>,
): SentText {
  const texts = textsOf(dialectOf(db));
  const bound: unknown[] = [];
  const key = shape + shapeOf(values, bound);
  let text = texts.get(key);
  if (!text) {
    // They have the members of the values, and nobody looks into them.
    const placeholders = withPlaceholders(values, { position: 0 }) as Values;
    text = build(placeholders).toSQL().toNative();
    texts.set(key, text);
  }
  const bindings = text.bindings.map((binding) =>
    binding instanceof Placeholder ? bound[binding.position] : binding,
  );
  return { sql: text.sql, bindings };
}

/** What our clients have beside Knex's types. */
interface RowsClient {
  /** On SQLite alone. */
  rowsAtOnce?(query: SentText & { asArrays: boolean }): unknown[] | null;
  _query(
    connection: unknown,
    query: SentText & { asArrays: boolean },
  ): Promise<{ response: unknown[] | { rows: unknown[] } }>;
}

/** At once where that can be. */
function sent(db: Knex, statement: SentText, asArrays: boolean): unknown[] | Promise<unknown[]> {
  // Knex's own type of a client is `any`.
  const client: RowsClient = db.client;
  const query = { ...statement, asArrays };
  return (
    client.rowsAtOnce?.(query) ??
    withConnection(db, async (connection) => {
      const { response } = await client._query(connection, query);
      return Array.isArray(response) ? response : response.rows;
    })
  );
}

/** The rows of a statement of ours, whose text says which columns they have. */
export const rowsOf = <Row>(db: Knex, statement: SentText): Row[] | Promise<Row[]> =>
  sent(db, statement, false) as Row[] | Promise<Row[]>;

/** The same, each row as the values of its columns, in order. */
export const valuesOf = (db: Knex, statement: SentText): unknown[][] | Promise<unknown[][]> =>
  sent(db, statement, true) as unknown[][] | Promise<unknown[][]>;
