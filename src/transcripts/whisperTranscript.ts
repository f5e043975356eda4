import type { NewTranscriptSegment } from '../db/transcripts.ts';
import { Checks } from './checks.ts';
import { InvalidTranscriptError } from './invalidTranscript.ts';
import { JsonScanner, type Part } from './jsonScanner.ts';
import { type WhisperForm, type WrittenSegment, whisperForms } from './whisperForms.ts';

/** A transcript that breaks no rule. */
export interface TranscriptSummary {
  segmentCount: number;
  /** The length of the audio, or where the last segment ends. */
  durationSeconds: number;
  /** Whisper's own where it lists them, else the words. */
  tokens: number;
  wordCount: number;
  language: string | null;
}

/**
 * Whisper counts time in steps of 20 ms, and begins its next look at the audio where the last word ended,
 * rounded to 10 ms: what overlaps by no more is in order.
 */
const TIME_STEP_SECONDS = 0.02;

/** Fifty hours of Whisper's shortest usual segments. */
const MAX_SEGMENTS = 100_000;
const MAX_SEGMENT_BYTES = 1_000_000;

/** The most segments of a piece, and bytes of JSON after which it has no more: one statement's work. */
export const PIECE_SEGMENTS = 64;
const PIECE_CHARACTERS = 32_000;

/** Whisper's JSON, in either form, read a segment at a time. */
export class WhisperTranscript {
  readonly summary: TranscriptSummary;
  readonly #scanner: JsonScanner;
  readonly #form: WhisperForm;
  readonly #list: Part;
  readonly #durationSeconds: number | null;

  /** Reads and checks everything. Throws an InvalidTranscriptError. */
  constructor(bytes: Uint8Array, durationSeconds: number | null) {
    this.#scanner = new JsonScanner(bytes);
    this.#durationSeconds = durationSeconds;
    const members = new Map<string, Part>();
    for (const [name, value] of this.#scanner.members(this.#scanner.root())) {
      if (!this.#isListOfSegments(name, value)) this.#scanner.read(value);
      members.set(name, value);
    }
    const [form, ...others] = whisperForms.filter(({ segments }) => members.has(segments));
    if (!form || others.length > 0) {
      const lists = whisperForms.map(({ segments }) => `"${segments}"`).join(' or ');
      throw new InvalidTranscriptError(
        `It is JSON and no transcript: ${lists} was expected at the top, and ${form ? 'both are' : 'neither is'} there.`,
      );
    }
    const list = members.get(form.segments);
    if (!list || !this.#scanner.isArray(list)) {
      throw new InvalidTranscriptError(`"${form.segments}" is no list.`);
    }
    this.#form = form;
    this.#list = list;
    const language = members.get(form.languageIn);
    this.summary = this.#checked(form.language(language && this.#scanner.read(language)));
  }

  #isListOfSegments(name: string, value: Part): boolean {
    return whisperForms.some(({ segments }) => segments === name) && this.#scanner.isArray(value);
  }

  *#segments(): Generator<{ segment: WrittenSegment; checks: Checks }> {
    let index = 0;
    for (const part of this.#scanner.elements(this.#list)) {
      const checks = new Checks(index);
      if (index === MAX_SEGMENTS) throw checks.fault(`the most segments are ${MAX_SEGMENTS}.`);
      if (part.end - part.start > MAX_SEGMENT_BYTES) {
        throw checks.fault(
          `it has ${part.end - part.start} bytes; the most are ${MAX_SEGMENT_BYTES}.`,
        );
      }
      const fields = checks.object('a segment', this.#scanner.read(part));
      yield { segment: this.#form.segment(checks, fields), checks };
      index += 1;
    }
  }

  /** Clamps the last segment: Whisper hears the silence that it adds to the audio. */
  #clamped(segment: WrittenSegment, isLast: boolean): WrittenSegment {
    const limit = Math.max(segment.start, this.#durationSeconds ?? segment.end);
    if (!isLast || segment.end <= limit) return segment;
    const words = segment.words?.map((word) => ({
      ...word,
      start: Math.min(word.start, limit),
      end: Math.min(word.end, limit),
    }));
    return { ...segment, end: limit, words: words ?? null };
  }

  #checked(language: string | null): TranscriptSummary {
    const latest = (this.#durationSeconds ?? Number.POSITIVE_INFINITY) + TIME_STEP_SECONDS;
    const beyond = (checks: Checks, name: string, seconds: number) =>
      checks.fault(
        `it ${name} at ${seconds}, beyond the duration of the audio (${this.#durationSeconds}).`,
      );
    let segmentCount = 0;
    let wordCount = 0;
    let tokens: number | null = 0;
    let before: { segment: WrittenSegment; checks: Checks } | null = null;
    for (const found of this.#segments()) {
      const { segment, checks } = found;
      const { start, end } = segment;
      if (end < start) throw checks.fault(`it ends at ${end}, before it starts at ${start}.`);
      if (before && start < before.segment.start - TIME_STEP_SECONDS) {
        throw checks.fault(
          `it starts at ${start}, before the one before it (${before.segment.start}): they are out of order.`,
        );
      }
      if (before && start < before.segment.end - TIME_STEP_SECONDS) {
        throw checks.fault(
          `it starts at ${start}, before the end of the one before it (${before.segment.end}): they overlap.`,
        );
      }
      if (start > latest) throw beyond(checks, 'starts', start);
      // Only the last may end later, and is clamped.
      if (before && before.segment.end > latest) {
        throw beyond(before.checks, 'ends', before.segment.end);
      }
      before = found;
      segmentCount += 1;
      wordCount += segment.text.match(/\S+/g)?.length ?? 0;
      tokens = tokens === null || segment.tokens === null ? null : tokens + segment.tokens;
    }
    return {
      segmentCount,
      // No segment at all is right too: nobody said anything.
      durationSeconds: this.#durationSeconds ?? before?.segment.end ?? 0,
      tokens: tokens ?? wordCount,
      wordCount,
      language,
    };
  }

  /** The rows of a job, as arrays in JSON: some segments each. */
  *pieces(jobId: string): Generator<string> {
    let rows: string[] = [];
    let characters = 0;
    let position = 0;
    for (const { segment } of this.#segments()) {
      const isLast = position === this.summary.segmentCount - 1;
      const row = JSON.stringify(rowOf(jobId, position, this.#clamped(segment, isLast)));
      position += 1;
      rows.push(row);
      characters += row.length;
      if (rows.length === PIECE_SEGMENTS || characters > PIECE_CHARACTERS || isLast) {
        yield `[${rows.join(',')}]`;
        rows = [];
        characters = 0;
      }
    }
  }
}

const rowOf = (jobId: string, position: number, segment: WrittenSegment): NewTranscriptSegment => ({
  job_id: jobId,
  position,
  start_seconds: segment.start,
  end_seconds: segment.end,
  text: segment.text,
  speaker: null,
  average_log_probability: segment.averageLogProbability,
  no_speech_probability: segment.noSpeechProbability,
  words: segment.words,
});
