/** A word, as both databases see it: a letter or digit, and what belongs to it. */
const word = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;

/** The words of a search, in lower case. */
export function searchWords(text: string): string[] {
  return text.toLowerCase().match(word) ?? [];
}

/** How a word may be written: its letters and their marks in one character or in several, as macOS names files. */
export const spellingsOf = (searchWord: string): string[] => [
  ...new Set([searchWord, searchWord.normalize('NFC'), searchWord.normalize('NFD')]),
];

/** A word as it is compared, however it is written. */
const compared = (written: string): string => written.toLowerCase().normalize('NFC');

/** A part of a text, and whether it is one of the words that were searched for. */
export interface TextFragment {
  text: string;
  isMatch: boolean;
}

/** The whole text in parts, the words apart. */
export function highlighted(text: string, words: readonly string[]): TextFragment[] {
  const wanted = new Set(words.map(compared));
  const fragments: TextFragment[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(word)) {
    if (!wanted.has(compared(found))) continue;
    fragments.push({ text: text.slice(end, index), isMatch: false });
    fragments.push({ text: found, isMatch: true });
    end = index + found.length;
  }
  fragments.push({ text: text.slice(end), isMatch: false });
  return fragments.filter((fragment) => fragment.text !== '');
}

/** The most words that a passage has, and how many of them stand before its first match. */
const PASSAGE_WORDS = 24;
const WORDS_BEFORE = 4;

interface Passage {
  text: string;
  /** How many different words of the search are in it. */
  matches: number;
}

/** The passages of a text that begin shortly before a match; its beginning where there is none. */
function passagesOf(text: string, words: readonly string[]): Passage[] {
  const wanted = new Set(words.map(compared));
  const found = Array.from(text.matchAll(word), ({ 0: { length }, 0: written, index }) => ({
    start: index,
    end: index + length,
    match: wanted.has(compared(written)) ? compared(written) : null,
  }));
  const lastStart = Math.max(0, found.length - PASSAGE_WORDS);
  const starts = found.flatMap(({ match }, index) =>
    match === null ? [] : [Math.min(lastStart, Math.max(0, index - WORDS_BEFORE))],
  );
  return [...new Set([...starts, 0])].map((first) => {
    const inside = found.slice(first, first + PASSAGE_WORDS);
    const cut = first + PASSAGE_WORDS < found.length;
    const start = first === 0 ? 0 : inside.at(0)?.start;
    const end = cut ? inside.at(-1)?.end : text.length;
    return {
      text: `${first === 0 ? '' : '…'}${text.slice(start, end)}${cut ? '…' : ''}`,
      matches: new Set(inside.flatMap(({ match }) => match ?? [])).size,
    };
  });
}

/** The passage with the most of the words, in the first text that has it. */
export function bestPassage(texts: readonly string[], words: readonly string[]): string {
  const nothing: Passage = { text: '', matches: -1 };
  return texts
    .flatMap((text) => passagesOf(text, words))
    .reduce((best, passage) => (passage.matches > best.matches ? passage : best), nothing).text;
}

/** How many of the texts have all the words. */
export const textsWithAll = (texts: readonly string[], words: readonly string[]): number =>
  texts.filter((text) => {
    const found = new Set(Array.from(text.matchAll(word), ([written]) => compared(written)));
    return words.every((searched) => found.has(compared(searched)));
  }).length;
