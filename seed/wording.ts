import { lastNames } from './people.ts';
import type { Choices, Random } from './random.ts';

const months: Choices<string> = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const fillers = {
  name: (random: Random) => random.pick(lastNames),
  number: (random: Random) => String(random.whole(3, 90)),
  percent: (random: Random) => String(random.whole(2, 38)),
  month: (random: Random) => random.pick(months),
};

type Slot = keyof typeof fillers | 'topic';

/** The text with its `{topic}`, `{name}`, `{number}`, `{percent}` and `{month}` filled in. */
export const worded = (random: Random, text: string, topic: string): string =>
  text.replace(/\{(topic|name|number|percent|month)\}/g, (_, slot: Slot) =>
    slot === 'topic' ? topic : fillers[slot](random),
  );

/** A clause as a sentence of its own. */
export const sentence = (clause: string): string =>
  `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
