import { transcriptFormats } from '../transcripts/formats.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';

export const TranscriptFormat = builder.enumType('TranscriptFormat', {
  description: 'The kind of file that a transcript is given as.',
  values: enumValues(transcriptFormats, {
    text: 'The words alone, a line a segment.',
    srt: 'SubRip subtitles.',
    vtt: 'WebVTT captions.',
    json: 'The segments with their times, as JSON.',
  }),
});
