import { InvalidTranscriptError } from './invalidTranscript.ts';

/** The latest time in a transcript: eleven days. */
const MAX_SECONDS = 1_000_000;

/** What came, short enough for a message. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value);
  return text.length > 50 ? `${text.slice(0, 50)}…` : text;
}

export type Fields = Record<string, unknown>;

/** Reads the fields of a segment, or of the whole. Throws an InvalidTranscriptError that names the field. */
export class Checks {
  readonly #segment: number | null;

  constructor(segment: number | null) {
    this.#segment = segment;
  }

  fault(message: string): InvalidTranscriptError {
    const place = this.#segment === null ? '' : `Segment ${this.#segment}: `;
    return new InvalidTranscriptError(place + message, this.#segment);
  }

  #expected(name: string, what: string, value: unknown): InvalidTranscriptError {
    return this.fault(`"${name}" is ${shown(value)}; ${what} was expected.`);
  }

  object(name: string, value: unknown): Fields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      // An object that is no array: any of its fields may be there, and is not known.
      return value as Fields;
    }
    throw this.#expected(name, 'an object', value);
  }

  list(name: string, value: unknown): unknown[] {
    if (Array.isArray(value)) return value;
    throw this.#expected(name, 'a list', value);
  }

  /** A text without half of a surrogate pair, which no UTF-8 has. */
  text(name: string, value: unknown, maxLength: number): string {
    if (typeof value !== 'string') throw this.#expected(name, 'a text', value);
    if (value.length > maxLength) {
      throw this.fault(`"${name}" has ${value.length} characters; the most are ${maxLength}.`);
    }
    if (value.includes('\0')) throw this.fault(`"${name}" has the character U+0000.`);
    return value.toWellFormed();
  }

  number(name: string, value: unknown): number {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.#expected(name, 'a finite number', value);
  }

  optionalNumber(name: string, value: unknown): number | null {
    return value === undefined || value === null ? null : this.number(name, value);
  }

  seconds(name: string, value: unknown): number {
    const seconds = this.number(name, value);
    if (seconds >= 0 && seconds <= MAX_SECONDS) return seconds;
    throw this.#expected(name, `a time from 0 to ${MAX_SECONDS} seconds`, value);
  }
}
