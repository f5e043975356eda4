import type { DatabasePlan } from './plan.ts';

/** What is known of a table beside the plan. */
export interface TableFacts {
  /** About how many rows it has; null where that is not known. */
  rows: number | null;
  /** The columns of its indexes, in order, by name. An expression is an empty name. */
  indexes: ReadonlyMap<string, readonly string[]>;
}

/** What an index has to begin with: the columns compared with one value, then a range or the order. */
export const indexColumns = (equal: readonly string[], rest: readonly string[]): string[] => [
  ...equal,
  ...rest.filter((column) => !equal.includes(column)),
];

/** The name of an index that can serve these columns; those compared for equality in any order. */
export function findIndex(
  table: TableFacts | undefined,
  equal: readonly string[],
  rest: readonly string[],
): string | null {
  const wanted = indexColumns(equal, rest);
  for (const [name, columns] of table?.indexes ?? []) {
    const compared = columns.slice(0, equal.length);
    const following = columns.slice(equal.length, wanted.length);
    const serves =
      compared.length === equal.length &&
      compared.every((column) => equal.includes(column)) &&
      following.join() === wanted.slice(equal.length).join();
    if (serves) return name;
  }
  return null;
}

/** On PostgreSQL beside running writers. */
export function createIndex(
  database: DatabasePlan['database'],
  table: string,
  columns: readonly string[],
): string {
  const beside = database === 'postgres' ? ' CONCURRENTLY' : '';
  return `CREATE INDEX${beside} idx_${table}_${columns.join('_')} ON ${table} (${columns.join(', ')});`;
}
