import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The signing secret: the given one, or the one kept in the data folder, made on first use. */
export function signingSecret(given: string | null, dataDirectory: string): string {
  if (given !== null) return given;
  const file = join(dataDirectory, 'token-secret');
  mkdirSync(dataDirectory, { recursive: true });
  try {
    // Fails where the file is there, so that of two processes that start together one decides.
    writeFileSync(file, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
