import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { compiled, rowsOf } from './compiled.ts';
import type { KeyType } from './dialect.ts';

interface KeyedRows {
  table: string;
  columns: readonly string[];
  /** A column that is unique. */
  keyColumn: string;
  keyType: KeyType;
}

/** The rows that have one of the keys, in no order. */
export async function findByKeys<Row>(
  db: Knex,
  { table, columns, keyColumn, keyType }: KeyedRows,
  keys: readonly (string | number)[],
): Promise<Row[]> {
  const { isAnyKey, keyList } = dialectOf(db);
  const statement = compiled(db, {
    shape: `${columns} of ${table} by ${keyColumn} `,
    values: { keys: keyList(keys) },
    build: (values) =>
      db(table).select(columns).whereRaw(isAnyKey(keyColumn, keyType), [values.keys]),
  });
  return rowsOf(db, statement);
}
