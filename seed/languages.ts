import type { Shares } from './random.ts';

export type Language = 'en' | 'de' | 'fr' | 'es' | 'it' | 'nl' | 'pt' | 'ja';

/** In how many recordings each is spoken. */
export const languageShares: Shares<Language> = [
  ['en', 0.54],
  ['de', 0.17],
  ['fr', 0.09],
  ['es', 0.07],
  ['it', 0.05],
  ['nl', 0.04],
  ['pt', 0.03],
  ['ja', 0.01],
];
