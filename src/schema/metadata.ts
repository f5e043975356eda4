import type { MetadataRow } from '../db/metadata.ts';
import { reads } from './lookAhead.ts';
import { Job, Metadata } from './nodes.ts';

Metadata.implement({
  description: 'What was found in the transcript of a job.',
  fields: (t) => ({
    tokens: t.exposeInt('tokens', { nullable: true, description: 'How many tokens it has.' }),
    durationSeconds: t.exposeFloat('duration', {
      nullable: true,
      description: 'The length of the audio, in seconds.',
    }),
    abstract: t.exposeString('abstract', { nullable: true, description: 'A sentence on it.' }),
    summary: t.exposeString('summary', { nullable: true, description: 'A paragraph on it.' }),
    keywords: t.stringList({
      description: 'What it is about.',
      complexity: 1,
      extensions: reads<MetadataRow>('keywords'),
      resolve: ({ keywords }) =>
        (keywords ?? '')
          .split(',')
          .map((keyword) => keyword.trim())
          .filter((keyword) => keyword !== ''),
    }),
    language: t.exposeString('language', {
      nullable: true,
      description: 'The language spoken, in ISO 639-1, such as `en`.',
    }),
    sampleRateHertz: t.exposeInt('sample_rate', {
      nullable: true,
      description: 'Samples a second of the audio.',
    }),
    wordsPerMinute: t.exposeFloat('wpm', {
      nullable: true,
      description: 'How fast is spoken, in words a minute.',
    }),
    sentiment: t.exposeFloat('sentiment', {
      nullable: true,
      description: 'The mood, from -1 (bad) to 1 (good).',
    }),
    generatedAt: t.expose('generated_at', {
      type: 'DateTime',
      description: 'When this was found.',
    }),
    job: t.field({
      type: Job,
      nullable: true,
      description: 'The job that it belongs to.',
      extensions: reads<MetadataRow>('job_id'),
      resolve: (metadata, _args, { loaders }) => loaders.jobById.load(metadata.job_id),
    }),
  }),
});
