import type { SpokenWord } from '../db/segments.ts';
import { Checks, type Fields } from './checks.ts';

/** A segment as either program writes it; its fields are right, its place among the others is not checked. */
export interface WrittenSegment {
  start: number;
  end: number;
  text: string;
  averageLogProbability: number | null;
  noSpeechProbability: number | null;
  words: SpokenWord[] | null;
  /** How many tokens it has; null where that is not said. */
  tokens: number | null;
}

/** One of the programs that write transcripts as JSON. */
export interface WhisperForm {
  /** The list of segments, at the top. */
  segments: string;
  /** The member at the top that tells the language. */
  languageIn: string;
  language(value: unknown): string | null;
  segment(checks: Checks, fields: Fields): WrittenSegment;
}

/** Whisper writes 448 tokens at most between two looks at the audio: some 2,000 characters. */
const MAX_TEXT_LENGTH = 10_000;
const MAX_LANGUAGE_LENGTH = 20;

const whole = new Checks(null);

const languageOf = (name: string, value: unknown): string | null =>
  value === undefined || value === null ? null : whole.text(name, value, MAX_LANGUAGE_LENGTH);

function wordOf(checks: Checks, value: unknown, index: number): SpokenWord {
  const name = `words[${index}]`;
  const { word, start, end, probability } = checks.object(name, value);
  const certainty = checks.optionalNumber(`${name}.probability`, probability);
  const read: SpokenWord = {
    word: checks.text(`${name}.word`, word, MAX_TEXT_LENGTH),
    start: checks.seconds(`${name}.start`, start),
    end: checks.seconds(`${name}.end`, end),
    ...(certainty !== null && { probability: certainty }),
  };
  if (read.end < read.start) {
    throw checks.fault(`"${name}" ends at ${read.end}, before it starts at ${read.start}.`);
  }
  return read;
}

/** github.com/openai/whisper: times in seconds, what the model thought of each segment, words if asked for. */
const openaiWhisper: WhisperForm = {
  segments: 'segments',
  languageIn: 'language',
  language: (value) => languageOf('language', value),
  segment: (checks, { start, end, text, avg_logprob, no_speech_prob, tokens, words }) => ({
    start: checks.seconds('start', start),
    end: checks.seconds('end', end),
    text: checks.text('text', text, MAX_TEXT_LENGTH),
    averageLogProbability: checks.optionalNumber('avg_logprob', avg_logprob),
    noSpeechProbability: checks.optionalNumber('no_speech_prob', no_speech_prob),
    words:
      words === undefined || words === null
        ? null
        : checks.list('words', words).map((word, index) => wordOf(checks, word, index)),
    tokens: tokens === undefined ? null : checks.list('tokens', tokens).length,
  }),
};

/** Marks of beginning, end and time, which whisper.cpp lists among the tokens of a segment. */
const isMark = ({ text }: Fields): boolean => typeof text === 'string' && text.startsWith('[_');

/** The mean of the logarithms, as openai-whisper's `avg_logprob`; null where one is not told. */
function averageLogProbability(tokens: readonly Fields[]): number | null {
  if (tokens.length === 0) return null;
  let sum = 0;
  for (const { p } of tokens) {
    if (typeof p !== 'number' || !(p > 0)) return null;
    sum += Math.log(p);
  }
  return sum / tokens.length;
}

/** github.com/ggml-org/whisper.cpp: times in milliseconds, tokens with their probabilities if asked for. */
const whisperCpp: WhisperForm = {
  segments: 'transcription',
  languageIn: 'result',
  language: (value) =>
    value === undefined
      ? null
      : languageOf('result.language', whole.object('result', value).language),
  segment(checks, { offsets, text, tokens }) {
    const { from, to } = checks.object('offsets', offsets);
    const spoken =
      tokens === undefined
        ? null
        : checks
            .list('tokens', tokens)
            .map((token, index) => checks.object(`tokens[${index}]`, token))
            .filter((token) => !isMark(token));
    return {
      start: checks.seconds('offsets.from', Number(checks.number('offsets.from', from)) / 1000),
      end: checks.seconds('offsets.to', Number(checks.number('offsets.to', to)) / 1000),
      text: checks.text('text', text, MAX_TEXT_LENGTH),
      averageLogProbability: spoken && averageLogProbability(spoken),
      noSpeechProbability: null,
      words: null,
      tokens: spoken?.length ?? null,
    };
  },
};

export const whisperForms: readonly WhisperForm[] = [openaiWhisper, whisperCpp];
