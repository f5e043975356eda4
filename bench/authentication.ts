import { passwordFingerprint } from '../src/auth/passwords.ts';
import { createTokens } from '../src/auth/tokens.ts';
import type { DatabaseAddress } from '../src/config.ts';
import { connect } from '../src/db/client.ts';
import type { UserRow } from '../src/db/users.ts';

export const SECRET = 'only the benchmark signs its tokens with this';

const LIFETIME_MINUTES = 600;

/** A token of the administrator that the seed makes. */
export async function administratorToken(address: DatabaseAddress): Promise<string> {
  const db = connect({ address, poolSize: 1 });
  try {
    const administrator: UserRow = await db('users').where({ role: 'admin' }).orderBy('id').first();
    return createTokens(SECRET, LIFETIME_MINUTES).issue({
      userId: administrator.id,
      passwordFingerprint: passwordFingerprint(administrator.hashed_password),
    }).token;
  } finally {
    await db.destroy();
  }
}
