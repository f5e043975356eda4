import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Settings } from './settings.ts';
import { WorkerFault } from './workerFault.ts';

export const modelFile = ({ modelsDirectory }: Settings, model: string): string =>
  join(modelsDirectory, `ggml-${model}.bin`);

export function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** The path of the program. Throws PROGRAM_MISSING. */
export function findProgram({ command, searchPath }: Settings): string {
  const folders = command.includes('/') ? [''] : searchPath.split(delimiter);
  const found = folders
    .map((folder) => resolve(folder, command))
    .find((path) => isAccessible(path, constants.X_OK));
  if (found) return found;
  const where = command.includes('/') ? 'there is no such program' : 'it is not in PATH';
  throw new WorkerFault(
    'PROGRAM_MISSING',
    `"${command}" can't be run: ${where}. Set TRANSCRIBE_COMMAND to the program.`,
  );
}

function modelsIn(directory: string): string[] {
  try {
    return readdirSync(directory).flatMap((name) => /^ggml-([\w.-]+)\.bin$/.exec(name)?.[1] ?? []);
  } catch {
    return [];
  }
}

/** The models that can be run now. Throws MODEL_MISSING where one that was named is not there, or none is. */
export function findModels(settings: Settings): string[] {
  const models = settings.models ?? modelsIn(settings.modelsDirectory);
  const missing = models.filter(
    (model) => !isAccessible(modelFile(settings, model), constants.R_OK),
  );
  if (models.length > 0 && missing.length === 0) return models;
  const files = missing.map((model) => modelFile(settings, model));
  throw new WorkerFault(
    'MODEL_MISSING',
    files.length > 0
      ? `${files.join(', ')} can't be read.`
      : `${settings.modelsDirectory} has no file ggml-MODEL.bin.`,
  );
}
