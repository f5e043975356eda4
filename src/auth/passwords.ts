import { createHash } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

/** The library's default is argon2id with 19 MiB and two passes, as OWASP advises. */
export const hashPassword = (password: string): Promise<string> => hash(password);

/** What an unknown user's password is compared with, so that both answers take the same time. */
const nobodysHash = hashPassword('a password that nobody has');

export async function passwordMatches(
  password: string,
  hashedPassword: string | null,
): Promise<boolean> {
  const matches = await verify(hashedPassword ?? (await nobodysHash), password);
  return hashedPassword !== null && matches;
}

/** Stands in tokens, so that changing the password ends them. */
export function passwordFingerprint(hashedPassword: string): string {
  return createHash('sha256').update(hashedPassword).digest('base64url').slice(0, 16);
}

export const PASSWORD_LENGTH = { min: 12, max: 1024 } as const;
