import { constants } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { WorkerFailure } from './graphql/graphql.ts';
import { isAccessible, modelFile } from './installation.ts';
import { type Ended, runProgram } from './program.ts';
import type { Settings } from './settings.ts';

/** A failure that the API has a code for. */
export class JobFailure extends Error {
  readonly code: WorkerFailure;

  constructor(code: WorkerFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface Recording {
  model: string;
  savedFilename: string;
}

interface Run {
  settings: Settings;
  program: string;
  /** An empty folder for what the program writes. */
  directory: string;
  onProgress: (progress: number) => void;
  stop: AbortSignal;
}

function audioFile({ audioDirectory }: Settings, name: string): string {
  const path = resolve(audioDirectory, name);
  const isInside = path.startsWith(resolve(audioDirectory) + sep);
  if (isInside && isAccessible(path, constants.R_OK)) return path;
  throw new JobFailure('AUDIO_MISSING', `${name} can't be read in ${audioDirectory}.`);
}

function presentModel(settings: Settings, model: string): string {
  const path = modelFile(settings, model);
  if (isAccessible(path, constants.R_OK)) return path;
  throw new JobFailure('MODEL_MISSING', `${path} can't be read.`);
}

const launchFailure = (program: string, error: unknown): JobFailure => {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  const code = isMissing ? 'PROGRAM_MISSING' : 'LAUNCH_FAILED';
  return new JobFailure(code, `${program} did not start: ${error}`, { cause: error });
};

/**
 * What is wrong, by what whisper-cli wrote. Its status is 0 for a file that it can't read, and also for one
 * that it can't write, where another attempt may help.
 */
function failureCode({ status, lastLines }: Ended): WorkerFailure {
  if (/failed to (read|decode|open) (audio|WAV)|unsupported audio/i.test(lastLines)) {
    return 'AUDIO_UNREADABLE';
  }
  if (lastLines.includes('failed to initialize whisper context')) return 'MODEL_MISSING';
  return status === 0 ? 'OUTPUT_INVALID' : 'TRANSCRIPTION_FAILED';
}

/**
 * Runs the program on a recording and gives the path of the JSON that it wrote; null where it was stopped
 * before. Throws a JobFailure.
 */
export async function transcribe(
  { model, savedFilename }: Recording,
  { settings, program, directory, onProgress, stop }: Run,
): Promise<string | null> {
  const output = join(directory, 'transcript');
  const args = [
    ...['--model', presentModel(settings, model), '--file', audioFile(settings, savedFilename)],
    ...['--language', 'auto', '--print-progress', '--output-json', '--output-file', output],
  ];
  const ended = await runProgram(program, args, { onProgress, stop }).catch((error: unknown) => {
    throw launchFailure(program, error);
  });
  const path = `${output}.json`;
  const { status, signal, lastLines } = ended;
  if (status === 0 && isAccessible(path, constants.R_OK)) return path;
  if (stop.aborted) return null;
  const end = signal ? `was ended by ${signal}` : `ended with status ${status}`;
  throw new JobFailure(
    failureCode(ended),
    `The program ${end}, without a transcript.\n${lastLines}`,
  );
}
