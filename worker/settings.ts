import { parseArgs } from 'node:util';
import { z } from 'zod';
import { WorkerFault } from './workerFault.ts';

const models = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .pipe(
    z.array(z.string().regex(/^[\w.-]+$/, 'expected names such as large-v3, with commas between')),
  );

const schema = z.object({
  url: z.url({ protocol: /^https?$/, error: 'expected http://HOST:PORT/graphql' }),
  key: z.string({ error: 'expected the API key that an administrator made' }),
  'audio-directory': z.string({ error: 'expected the folder of the audio files' }),
  'models-directory': z.string({ error: 'expected the folder of the files ggml-MODEL.bin' }),
  models: models.optional(),
  'lease-seconds': z.coerce.number().int().min(1).max(3600).default(15),
  'poll-seconds': z.coerce.number().min(0.05).max(3600).default(2),
});

type Name = keyof z.output<typeof schema>;

/** Each option may be given by a variable of the environment, as a key should, which others can't see there. */
export const variables: Record<Name, string> = {
  url: 'WORKER_URL',
  key: 'WORKER_KEY',
  'audio-directory': 'AUDIO_DIRECTORY',
  'models-directory': 'MODELS_DIRECTORY',
  models: 'MODELS',
  'lease-seconds': 'LEASE_SECONDS',
  'poll-seconds': 'POLL_SECONDS',
};

export interface Settings {
  url: string;
  key: string;
  audioDirectory: string;
  modelsDirectory: string;
  /** Null for all that are in the folder. */
  models: string[] | null;
  leaseSeconds: number;
  pollSeconds: number;
  command: string;
  /** The folders in which a command without one is looked for, as in PATH. */
  searchPath: string;
}

function optionsOf(args: string[]): Record<string, unknown> {
  const options = Object.keys(variables).map((name) => [name, { type: 'string' as const }]);
  try {
    return parseArgs({ args, options: Object.fromEntries(options) }).values;
  } catch (error) {
    throw new WorkerFault('SETTINGS_INVALID', error instanceof Error ? error.message : `${error}`);
  }
}

/** Reads and checks options and environment. Throws a WorkerFault that names every fault at once. */
export function readSettings(
  args: string[],
  environment: Record<string, string | undefined>,
): Settings {
  const options = optionsOf(args);
  const given = Object.entries(variables).map(([name, variable]) => [
    name,
    // What is empty was left out.
    options[name] || environment[variable] || undefined,
  ]);
  const { data, error } = schema.safeParse(Object.fromEntries(given));
  if (!data) {
    const faults = error.issues.map(
      ({ path: [name], message }) =>
        // A path begins with a name of the schema.
        `  --${String(name)} or ${variables[name as Name]}: ${message}`,
    );
    throw new WorkerFault('SETTINGS_INVALID', `The settings are not right:\n${faults.join('\n')}`);
  }
  return {
    url: data.url,
    key: data.key,
    audioDirectory: data['audio-directory'],
    modelsDirectory: data['models-directory'],
    models: data.models ?? null,
    leaseSeconds: data['lease-seconds'],
    pollSeconds: data['poll-seconds'],
    command: environment.TRANSCRIBE_COMMAND || 'whisper-cli',
    searchPath: environment.PATH ?? '',
  };
}
