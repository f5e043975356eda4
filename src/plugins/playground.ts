import { readdirSync, readFileSync } from 'node:fs';
import type { GraphiQLOptions } from 'graphql-yoga';

const directory = new URL('../../examples/', import.meta.url);

/** GraphiQL, with a tab for each file of `examples/`, in the order of their names. */
export function playground(): GraphiQLOptions {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.graphql'))
    .sort();
  return {
    title: 'Whisper Transcriber API',
    defaultTabs: files.map((name) => ({
      query: readFileSync(new URL(name, directory), 'utf8'),
    })),
    defaultHeaders: '{ "Authorization": "Bearer " }',
    defaultEditorToolsVisibility: 'headers',
    shouldPersistHeaders: true,
  };
}
