import { builder } from './builder.ts';
import { Job, Segment } from './nodes.ts';

Segment.implement({
  description: 'A piece of a transcript: what was said, and when.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: 'Its place in the transcript, from 0.' }),
    startSeconds: t.exposeFloat('start_seconds', {
      description: 'Where it begins in the audio, in seconds.',
    }),
    endSeconds: t.exposeFloat('end_seconds', {
      description: 'Where it ends in the audio, in seconds.',
    }),
    text: t.exposeString('text', { description: 'What was said.' }),
    speaker: t.exposeString('speaker', {
      nullable: true,
      description: 'Who said it, where speakers were told apart.',
    }),
    averageLogProbability: t.exposeFloat('average_log_probability', {
      nullable: true,
      description: 'How sure the model is of the words: 0 is certain, below -1 is doubtful.',
    }),
    noSpeechProbability: t.exposeFloat('no_speech_probability', {
      nullable: true,
      description: 'How likely nobody speaks here, from 0 to 1.',
    }),
    job: t.field({
      type: Job,
      nullable: true,
      description: 'The job whose transcript it is part of.',
      resolve: (segment, _args, { loaders }) => loaders.jobById.load(segment.job_id),
    }),
  }),
});

export const SegmentConnection = builder.connectionObject(
  { type: Segment, name: 'SegmentConnection', description: 'A page of segments.' },
  { name: 'SegmentEdge', description: 'A segment on a page.' },
);
