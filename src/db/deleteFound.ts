import type { Knex } from 'knex';
import { dialectOf } from './client.ts';
import { commitLazily } from './commitLazily.ts';

/** Deletes rows that were found, without waiting for the disk. */
export async function deleteFound(
  db: Knex,
  table: string,
  rows: readonly { id: number }[],
): Promise<void> {
  if (rows.length === 0) return;
  const dialect = dialectOf(db);
  const ids = dialect.keyList(rows.map(({ id }) => id));
  await commitLazily(db, (lazy) =>
    lazy(table).whereRaw(dialect.isAnyOf('id', 'integer'), [ids]).delete(),
  );
}
