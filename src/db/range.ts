import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { type Ordering, orderExpression } from './keyset.ts';

/** `from` is included, `to` is not; either may be left out. */
export interface Range<Value> {
  from?: Value | null | undefined;
  to?: Value | null | undefined;
}

/** Adds `from <= value < to`, on the expression that the ordering's index has. */
export function whereBetween<Row, Value extends string | number>(
  db: Knex,
  query: Knex.QueryBuilder,
  ordering: Ordering<Row>,
  range: Range<Value> | null | undefined,
): void {
  if (!range) return;
  const dialect = dialectOf(db);
  const expression = orderExpression(dialect, ordering);
  if (range.from != null) query.whereRaw(`${expression} >= ?`, [range.from]);
  if (range.to != null) query.whereRaw(`${expression} < ?`, [range.to]);
  // Without a lower bound the nulls, which come lowest, would be in the range.
  if (range.from == null && range.to != null && ordering.nullable) {
    query.whereRaw(`${expression} > ?`, [dialect.lowest(ordering.kind)]);
  }
}
