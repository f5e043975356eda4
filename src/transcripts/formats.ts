import type { SegmentRow } from '../db/segments.ts';

export const transcriptFormats = ['text', 'srt', 'vtt', 'json'] as const;

export type TranscriptFormat = (typeof transcriptFormats)[number];

const padded = (value: number, length: number): string => String(value).padStart(length, '0');

/** `HH:MM:SS` and milliseconds; WebVTT leaves the hours out while there are none. */
function timestamp(seconds: number, decimalMark: ',' | '.', alwaysHours: boolean): string {
  const milliseconds = Math.round(seconds * 1000);
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor(milliseconds / 60_000) % 60;
  const whole = Math.floor(milliseconds / 1000) % 60;
  const clock = `${padded(minutes, 2)}:${padded(whole, 2)}${decimalMark}${padded(milliseconds % 1000, 3)}`;
  return alwaysHours || hours > 0 ? `${padded(hours, 2)}:${clock}` : clock;
}

/** An arrow in the text would end a cue, so Whisper's writers shorten it. */
const cueText = ({ text }: SegmentRow): string => text.trim().replaceAll('-->', '->');

function span(segment: SegmentRow, decimalMark: ',' | '.', alwaysHours: boolean): string {
  const from = timestamp(segment.start_seconds, decimalMark, alwaysHours);
  const to = timestamp(segment.end_seconds, decimalMark, alwaysHours);
  return `${from} --> ${to}`;
}

const writers: Record<TranscriptFormat, (segments: readonly SegmentRow[]) => string> = {
  text: (segments) => segments.map(({ text }) => `${text.trim()}\n`).join(''),
  srt: (segments) =>
    segments
      .map((segment, index) => `${index + 1}\n${span(segment, ',', true)}\n${cueText(segment)}\n\n`)
      .join(''),
  vtt: (segments) =>
    `WEBVTT\n\n${segments
      .map((segment) => `${span(segment, '.', false)}\n${cueText(segment)}\n\n`)
      .join('')}`,
  json: (segments) =>
    JSON.stringify({
      text: segments.map(({ text }) => text.trim()).join(' '),
      segments: segments.map((segment) => ({
        id: segment.position,
        start: segment.start_seconds,
        end: segment.end_seconds,
        text: segment.text,
        speaker: segment.speaker,
        avg_logprob: segment.average_log_probability,
        no_speech_prob: segment.no_speech_probability,
      })),
    }),
};

/** The segments, in order, as the file that Whisper's own writer would make of them. */
export function formatTranscript(
  format: TranscriptFormat,
  segments: readonly SegmentRow[],
): string {
  return writers[format](segments);
}
