import type { Databases } from '../db/client.ts';
import { findUsersByIds, type ShownUser } from '../db/users.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { inOrder } from './inOrder.ts';

/** id → user, or null where there is none. */
export const userById = ({ db }: Databases, options: LoaderOptions) =>
  batched<number, ShownUser | null>('userById', options, async (keys) =>
    inOrder(keys, await findUsersByIds(db, keys), (row) => row.id),
  );
