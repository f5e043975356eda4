import type { Period } from './figures.ts';
import { moment } from './wording.ts';

/** This week and the one before. */
export interface Weeks {
  now: Period;
  before: Period;
  nowTitle: string;
  beforeTitle: string;
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/**
 * Today so far and the six days before it, and the same a week earlier. Figures get coarser with time: a
 * day where they are old. So a week begins with a day, and where the one before ends, hours still stand.
 */
export function weeksBefore(now: Date): Weeks {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const begins = today - 6 * DAY_MS;
  const text = (ms: number): string => new Date(ms).toISOString();
  const title = (from: number, to: number): string =>
    `${moment(text(from))} to ${moment(text(to))}`;
  const [earlier, earlierEnd] = [begins - WEEK_MS, now.getTime() - WEEK_MS];
  return {
    // What began at the first moment counts too.
    now: { after: text(begins - 1) },
    before: { after: text(earlier - 1), until: text(earlierEnd) },
    nowTitle: title(begins, now.getTime()),
    beforeTitle: title(earlier, earlierEnd),
  };
}
