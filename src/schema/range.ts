import type { Range } from '../db/range.ts';
import { builder } from './builder.ts';

const from = 'The lowest value, which is included.';
const to = 'The upper bound, which is not included.';

export const DateTimeRange = builder.inputType('DateTimeRange', {
  description: 'A span of time; either end may be left out.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', description: from }),
    to: t.field({ type: 'DateTime', description: to }),
  }),
});

export const FloatRange = builder.inputType('FloatRange', {
  description: 'A range of numbers; either end may be left out.',
  fields: (t) => ({
    from: t.float({ description: from }),
    to: t.float({ description: to }),
  }),
});

export const SafeIntRange = builder.inputType('SafeIntRange', {
  description: 'A range of whole numbers; either end may be left out.',
  fields: (t) => ({
    from: t.field({ type: 'SafeInt', description: from }),
    to: t.field({ type: 'SafeInt', description: to }),
  }),
});

/** Times as the databases hold them. */
export function timeRange(
  range: { from?: Date | null; to?: Date | null } | null | undefined,
): Range<string> | null {
  return range ? { from: range.from?.toISOString(), to: range.to?.toISOString() } : null;
}
