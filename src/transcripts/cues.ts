import type { SpokenWord, TranscriptRow } from '../db/segments.ts';

/** What a subtitle shows, and when. */
export interface Cue {
  start: number;
  end: number;
  text: string;
}

/** The separators of ASCII and the next line: Python takes them for white space, JavaScript does not. */
const separators = '\x1c\x1d\x1e\x1f\x85';

const isSpace = (character: string): boolean =>
  separators.includes(character) || (character !== '\ufeff' && /\s/.test(character));

/** Python's str.strip(), which is not quite String.trim(). */
export function stripped(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charAt(start))) start += 1;
  while (start < end && isSpace(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Python's len(): characters, where a string's length counts some of them twice. */
const characters = (text: string): number => [...text].length;

/** What Whisper's writers take for the width of a line, and for the words on it, where nothing is said. */
const MAX_LINE_CHARACTERS = 1000;
const MAX_LINE_WORDS = 1000;

/** The words one after the other, with a new line where one grows too long. */
function joined(words: readonly SpokenWord[]): string {
  let lineLength = 0;
  let text = '';
  for (const [index, { word }] of words.entries()) {
    if (index > 0 && lineLength > 0 && lineLength + characters(word) <= MAX_LINE_CHARACTERS) {
      lineLength += characters(word);
      text += word;
    } else {
      const first = stripped(word);
      text += lineLength > 0 ? `\n${first}` : first;
      lineLength = characters(first);
    }
  }
  return text;
}

/** As Whisper's writers do where words have times: those of the first and the last word, and no arrow replaced. */
function cuesOfWords(words: readonly SpokenWord[]): Cue[] {
  const cues: Cue[] = [];
  for (let start = 0; start < words.length; start += MAX_LINE_WORDS) {
    const line = words.slice(start, start + MAX_LINE_WORDS);
    const [first, last] = [line[0], line.at(-1)];
    if (first && last) cues.push({ start: first.start, end: last.end, text: joined(line) });
  }
  return cues;
}

/** The subtitles of a segment: one, but for words none or many. */
export function cuesOf(segment: TranscriptRow, byWords: boolean): Cue[] {
  if (byWords && segment.words !== null) return cuesOfWords(segment.words);
  return [
    {
      start: segment.start_seconds,
      end: segment.end_seconds,
      // An arrow in the text would end a cue, so Whisper's writers shorten it.
      text: stripped(segment.text).replaceAll('-->', '->'),
    },
  ];
}
