import { InvalidTranscriptError } from './invalidTranscript.ts';

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const spaces: ReadonlySet<number | undefined> = new Set([0x20, 0x0a, 0x0d, 0x09]);
const BYTE_ORDER_MARK = '\ufeff';

/** A part of the bytes, from `start` to before `end`. */
export interface Part {
  start: number;
  end: number;
}

/**
 * Finds the members of a JSON object and the elements of an array without reading what is in them, so that a
 * transcript of many megabytes is never an object, nor a text, as a whole: one segment after the other is.
 */
export class JsonScanner {
  readonly #bytes: Uint8Array;
  /** Whisper.cpp cuts characters of several bytes apart, so what is no UTF-8 becomes U+FFFD. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The whole, if it is an object. */
  root(): Part {
    const mark = this.#bytes.subarray(0, 3);
    const start = this.#afterSpace(this.#decoder.decode(mark) === BYTE_ORDER_MARK ? 3 : 0);
    if (this.#bytes[start] !== OPEN_BRACE) throw this.#broken(start, 'an object');
    const end = this.#endOfValue(start);
    const rest = this.#afterSpace(end);
    if (rest < this.#bytes.length) throw this.#broken(rest, 'its end');
    return { start, end };
  }

  isArray({ start }: Part): boolean {
    return this.#bytes[start] === OPEN_BRACKET;
  }

  /** The names and values of an object. */
  *members(object: Part): Generator<[name: string, value: Part]> {
    let at = this.#afterSpace(object.start + 1);
    while (this.#bytes[at] !== CLOSE_BRACE) {
      if (this.#bytes[at] !== QUOTE) throw this.#broken(at, 'a name in quotes');
      const nameEnd = this.#endOfString(at);
      const name = this.read({ start: at, end: nameEnd });
      at = this.#afterSpace(nameEnd);
      if (this.#bytes[at] !== COLON) throw this.#broken(at, 'a colon');
      const start = this.#afterSpace(at + 1);
      const end = this.#endOfValue(start);
      yield [String(name), { start, end }];
      at = this.#afterComma(end, CLOSE_BRACE);
    }
  }

  /** The elements of an array. */
  *elements(array: Part): Generator<Part> {
    let start = this.#afterSpace(array.start + 1);
    while (this.#bytes[start] !== CLOSE_BRACKET) {
      const end = this.#endOfValue(start);
      yield { start, end };
      start = this.#afterComma(end, CLOSE_BRACKET);
    }
  }

  /** A part as the value that it is. */
  read({ start, end }: Part): unknown {
    const text = this.#decoder.decode(this.#bytes.subarray(start, end));
    try {
      return JSON.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      throw new InvalidTranscriptError(`It is not JSON, at byte ${start}: ${reason}`);
    }
  }

  #afterSpace(at: number): number {
    let next = at;
    while (spaces.has(this.#bytes[next])) next += 1;
    return next;
  }

  /** Where the next member or element begins, or the end of them all. */
  #afterComma(end: number, close: number): number {
    const at = this.#afterSpace(end);
    if (this.#bytes[at] === close) return at;
    if (this.#bytes[at] !== COMMA) throw this.#broken(at, 'a comma');
    const next = this.#afterSpace(at + 1);
    if (this.#bytes[next] === close) throw this.#broken(next, 'a value after the comma');
    return next;
  }

  #endOfString(start: number): number {
    let at = start + 1;
    while (at < this.#bytes.length) {
      if (this.#bytes[at] === QUOTE) return at + 1;
      at += this.#bytes[at] === BACKSLASH ? 2 : 1;
    }
    throw this.#broken(at, 'the end of a text');
  }

  #endOfValue(start: number): number {
    const first = this.#bytes[start];
    if (first === QUOTE) return this.#endOfString(start);
    if (first === OPEN_BRACE || first === OPEN_BRACKET) return this.#endOfNested(start);
    let at = start;
    while (at < this.#bytes.length && !this.#isEndOfPlain(this.#bytes[at])) at += 1;
    if (at === start) throw this.#broken(at, 'a value');
    return at;
  }

  #isEndOfPlain(byte: number | undefined): boolean {
    return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || spaces.has(byte);
  }

  #endOfNested(start: number): number {
    let depth = 0;
    let at = start;
    while (at < this.#bytes.length) {
      const byte = this.#bytes[at];
      if (byte === QUOTE) {
        at = this.#endOfString(at);
        continue;
      }
      at += 1;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
      if (depth === 0) return at;
    }
    throw this.#broken(at, 'a closing bracket');
  }

  #broken(at: number, expected: string): InvalidTranscriptError {
    const found = this.#decoder.decode(this.#bytes.subarray(at, at + 20));
    const shown = at >= this.#bytes.length ? 'it ends' : JSON.stringify(found);
    return new InvalidTranscriptError(
      `It is not JSON: at byte ${at}, ${expected} was expected and ${shown} came.`,
    );
  }
}
