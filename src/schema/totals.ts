type NumericKey<Row> = {
  [Key in keyof Row]: Row[Key] extends number ? Key : never;
}[keyof Row];

export function sumOf<Row, Key extends NumericKey<Row>>(rows: readonly Row[], key: Key): number {
  // NumericKey admits only keys of numbers, which the compiler cannot conclude for a generic row.
  return rows.reduce((total, row) => total + (row[key] as number), 0);
}

/** Seconds, or whatever else, of a sum of millionths. */
export const ofMillionths = (millionths: number): number => millionths / 1_000_000;

/** A quotient, or null where there is nothing to divide by. */
export const ratio = (dividend: number, divisor: number): number | null =>
  divisor === 0 ? null : dividend / divisor;

/** The rows by a key, the key with the highest count first, and of those that have the same the first by name. */
export function groupedBy<Row extends { count: number }, Key extends string | null>(
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
): { key: Key; groups: Row[] }[] {
  const countOf = (groups: readonly Row[]): number =>
    groups.reduce((total, { count }) => total + count, 0);
  return [...Map.groupBy(rows, keyOf)]
    .map(([key, groups]) => ({ key, groups }))
    .sort(
      (a, b) => countOf(b.groups) - countOf(a.groups) || ((a.key ?? '~') < (b.key ?? '~') ? -1 : 1),
    );
}
