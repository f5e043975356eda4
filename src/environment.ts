import { existsSync } from 'node:fs';

/** The variables of the process, and those of a `.env` file in its folder, which do not override them. */
export function environment(): Record<string, string | undefined> {
  // Node's --env-file-if-exists says on every start that there is none.
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}
