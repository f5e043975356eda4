import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** The secret in the file, which is made where it is not there. */
function keptSecret(file: string): string {
  try {
    // Fails where the file is there, so that of two processes that start together one decides.
    writeFileSync(file, randomBytes(48).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length < 32) throw new Error(`${file} is cut off; remove it`);
  return secret;
}

/**
 * The signing secret: the given one, or the one kept in the data folder, made on first use. Throws
 * CONFIG_INVALID where it can't be kept.
 */
export function signingSecret(given: string | null, dataDirectory: string): string {
  if (given !== null) return given;
  try {
    mkdirSync(dataDirectory, { recursive: true });
    return keptSecret(join(dataDirectory, 'token-secret'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(
      'CONFIG_INVALID',
      `DATA_DIRECTORY can't keep the signing secret (${reason}). Name a folder that may be written, or set TOKEN_SECRET.`,
      { cause: error },
    );
  }
}
