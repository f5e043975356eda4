import { passwordFingerprint } from '../../src/auth/passwords.ts';
import { createTokens } from '../../src/auth/tokens.ts';
import { connect } from '../../src/db/client.ts';
import type { UserRow } from '../../src/db/users.ts';

export const SECRET = 'only the benchmark signs its tokens with this';

/** A token of the administrator that the seed makes. */
export async function administratorToken(filename: string): Promise<string> {
  const db = connect({ address: { kind: 'sqlite', filename }, poolSize: 1 });
  const administrator: UserRow = await db('users').where({ role: 'admin' }).first();
  await db.destroy();
  return createTokens(SECRET, 600).issue({
    userId: administrator.id,
    passwordFingerprint: passwordFingerprint(administrator.hashed_password),
  }).token;
}
