import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { administratorExists, insertUser } from '../db/users.ts';
import { hashPassword } from './passwords.ts';

/** Makes the account that makes all others, where there is no administrator; null where there is one. */
export async function createFirstAdministrator(
  db: Knex,
): Promise<{ username: string; password: string } | null> {
  if (await administratorExists(db)) return null;
  const username = 'admin';
  const password = randomBytes(15).toString('base64url');
  try {
    await insertUser(db, {
      username,
      email: 'admin@localhost',
      hashed_password: await hashPassword(password),
      role: 'admin',
      must_change_password: true,
      created_at: new Date().toISOString(),
      is_active: true,
    });
  } catch (error) {
    // Another process that started at the same time was first.
    if (await administratorExists(db)) return null;
    throw error;
  }
  return { username, password };
}
