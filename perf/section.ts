import { type Column, textTable } from './table.ts';

/** A table under its title, or the word that there is nothing in it. */
export const section = <Row>(
  title: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): string =>
  rows.length === 0 ? `${title}: none` : `${title}\n\n${textTable(rows, columns, width)}`;
