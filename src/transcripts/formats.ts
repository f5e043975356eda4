import type { TranscriptRow } from '../db/segments.ts';
import { type Cue, cuesOf, stripped } from './cues.ts';

export const transcriptFormats = ['text', 'srt', 'vtt', 'json'] as const;

export type TranscriptFormat = (typeof transcriptFormats)[number];

/** Makes a file of segments that come in pieces, in their order. */
export interface TranscriptWriter {
  add(segments: readonly TranscriptRow[]): void;
  /** The whole file; null where no segment came. */
  end(): string | null;
}

/** The formats that are made of the words where Whisper gave each its time. */
export const needsWords = (format: TranscriptFormat): boolean => format !== 'text';

const padded = (value: number, length: number): string => String(value).padStart(length, '0');

/** Python's round(): of two numbers as near, the even one. */
function rounded(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** `HH:MM:SS` and milliseconds; WebVTT leaves the hours out while there are none. */
function timestamp(seconds: number, decimalMark: ',' | '.', alwaysHours: boolean): string {
  const milliseconds = rounded(seconds * 1000);
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor(milliseconds / 60_000) % 60;
  const whole = Math.floor(milliseconds / 1000) % 60;
  const clock = `${padded(minutes, 2)}:${padded(whole, 2)}${decimalMark}${padded(milliseconds % 1000, 3)}`;
  return alwaysHours || hours > 0 ? `${padded(hours, 2)}:${clock}` : clock;
}

function block({ start, end, text }: Cue, decimalMark: ',' | '.', alwaysHours: boolean): string {
  const from = timestamp(start, decimalMark, alwaysHours);
  const to = timestamp(end, decimalMark, alwaysHours);
  return `${from} --> ${to}\n${text}\n\n`;
}

/** What comes before and after the segments, and between two; each segment is some of `parts`. */
function writer(
  { head, separator, tail }: { head: string; separator: string; tail: string },
  partsOf: (segment: TranscriptRow, isFirst: boolean) => readonly string[],
): TranscriptWriter {
  const parts: string[] = [];
  let isFirst = true;
  return {
    add(segments) {
      for (const segment of segments) {
        parts.push(...partsOf(segment, isFirst));
        isFirst = false;
      }
    },
    end: () => (isFirst ? null : head + parts.join(separator) + tail),
  };
}

/** A writer of subtitles, of the words where the first segment has them: so does Whisper's own. */
function subtitles(head: string, write: (cue: Cue, index: number) => string): TranscriptWriter {
  let byWords = false;
  let count = 0;
  return writer({ head, separator: '', tail: '' }, (segment, isFirst) => {
    if (isFirst) byWords = segment.words !== null;
    return cuesOf(segment, byWords).map((cue) => {
      count += 1;
      return write(cue, count);
    });
  });
}

function json(): TranscriptWriter {
  const texts: string[] = [];
  const segments = writer({ head: '[', separator: ',', tail: ']' }, (segment) => {
    texts.push(segment.text.trim());
    return [
      JSON.stringify({
        id: segment.position,
        start: segment.start_seconds,
        end: segment.end_seconds,
        text: segment.text,
        speaker: segment.speaker,
        avg_logprob: segment.average_log_probability,
        no_speech_prob: segment.no_speech_probability,
        ...(segment.words !== null && { words: segment.words }),
      }),
    ];
  });
  return {
    add: segments.add,
    end() {
      const list = segments.end();
      return list && `{"text":${JSON.stringify(texts.join(' '))},"segments":${list}}`;
    },
  };
}

const writers: Record<TranscriptFormat, () => TranscriptWriter> = {
  text: () => writer({ head: '', separator: '', tail: '' }, ({ text }) => [`${stripped(text)}\n`]),
  srt: () => subtitles('', (cue, index) => `${index}\n${block(cue, ',', true)}`),
  vtt: () => subtitles('WEBVTT\n\n', (cue) => block(cue, '.', false)),
  json,
};

/** Makes the file that Whisper's own writer would make of the same segments. */
export const transcriptWriter = (format: TranscriptFormat): TranscriptWriter => writers[format]();
