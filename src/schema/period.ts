import type { Period } from '../db/statistics.ts';
import { ApiError } from '../errors.ts';
import { builder } from './builder.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 366;
/** The first that a `DateTime` can be. */
const EARLIEST = Date.parse('0001-01-01T00:00:00Z');

export const periodArguments = builder.args((t) => ({
  from: t.field({
    type: 'DateTime',
    description: 'The beginning, included; 30 days before the end if not given.',
  }),
  to: t.field({ type: 'DateTime', description: 'The end, not included; now if not given.' }),
}));

/** The period that is asked for. Throws BAD_USER_INPUT where it is empty or longer than a year. */
export function periodOf(args: {
  from?: Date | null | undefined;
  to?: Date | null | undefined;
}): Period {
  const to = args.to ?? new Date();
  const from = args.from ?? new Date(Math.max(EARLIEST, to.getTime() - DEFAULT_DAYS * DAY_MS));
  if (from >= to) {
    throw new ApiError(
      'BAD_USER_INPUT',
      `"from" is ${from.toISOString()}, which is not before "to", ${to.toISOString()}.`,
    );
  }
  const days = (to.getTime() - from.getTime()) / DAY_MS;
  if (days > MAX_DAYS) {
    throw new ApiError(
      'BAD_USER_INPUT',
      `The period has ${Math.ceil(days)} days; the most are ${MAX_DAYS}.`,
    );
  }
  return { from: from.toISOString(), to: to.toISOString() };
}
