import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { plain, type WriteParameter } from './dialect.ts';
import { type Ordering, orderExpression } from './keyset.ts';

/** `from` is included, `to` is not; either may be left out. */
export interface Range<Value> {
  from?: Value | null | undefined;
  to?: Value | null | undefined;
}

/** The same range of numbers that are never below zero: a bound below that takes one more condition, so another text. */
export const fromZero = (range: Range<number> | null | undefined): Range<number> | null =>
  range ? { from: range.from == null ? null : Math.max(0, range.from), to: range.to } : null;

/** Adds `from <= value < to`, on the expression that the ordering's index has. */
export function whereBetween<Row, Value extends string | number>(
  db: Knex,
  query: Knex.QueryBuilder,
  ordering: Ordering<Row>,
  range: Range<Value> | null | undefined,
  write: WriteParameter = plain,
): void {
  const { from = null, to = null } = range ?? {};
  if (from === null && to === null) return;
  const dialect = dialectOf(db);
  const expression = orderExpression(dialect, ordering);
  const lowest = dialect.lowest(ordering.kind);
  const bound = write(ordering.kind);
  if (from !== null) query.whereRaw(`${expression} >= ${bound}`, [from]);
  if (to !== null) query.whereRaw(`${expression} < ${bound}`, [to]);
  // Without a bound above it the nulls, which count as the lowest value, would be in the range.
  if (ordering.nullable && (from === null || from <= lowest)) {
    query.whereRaw(`${expression} > ${bound}`, [lowest]);
  }
}
