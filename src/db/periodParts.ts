import type { Range } from './range.ts';

/** `from` is included, `to` is not. Where both are the same, nothing is. */
export interface Span {
  from: string;
  to: string;
}

/** A period in whole days, the whole hours before and after them, and what is left at its ends. */
export interface PeriodParts {
  days: Span;
  hours: [Span, Span];
  rest: [Span, Span];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The next whole hour would have five digits in its year. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

const timeOf = (milliseconds: number): string =>
  new Date(Math.min(milliseconds, LATEST)).toISOString();
/** Days and hours as rollups have them: `2026-03-01`, `2026-03-01T12`. */
const dayOf = (milliseconds: number): string => timeOf(milliseconds).slice(0, 10);
const hourOf = (milliseconds: number): string => timeOf(milliseconds).slice(0, 13);

/** Below and above all days. */
const FIRST_DAY = '';
const LAST_DAY = '~';

/** The whole units in a span of milliseconds, which may be endless; nothing, at its beginning, where there is none. */
function wholeIn([from, to]: readonly [number, number], unit: number): [number, number] {
  const first = Math.ceil(from / unit) * unit;
  const last = Math.floor(to / unit) * unit;
  return first < last ? [first, last] : [to, to];
}

const span = (from: number, to: number, write: (milliseconds: number) => string): Span =>
  // What is endless is a whole unit, so there is nothing before or after it.
  Number.isFinite(from) && Number.isFinite(to)
    ? { from: write(from), to: write(to) }
    : { from: write(0), to: write(0) };

/** Takes a period apart, so that all but its ends can be read from rollups. With days alone, the ends are longer. */
export function periodParts(
  { from, to }: Range<string>,
  { inHours }: { inHours: boolean },
): PeriodParts {
  const begin = from == null ? Number.NEGATIVE_INFINITY : Date.parse(from);
  const end = to == null ? Number.POSITIVE_INFINITY : Math.max(begin, Date.parse(to));
  const hours = wholeIn([begin, end], inHours ? HOUR_MS : DAY_MS);
  const days = wholeIn(hours, DAY_MS);
  return {
    days: {
      from: days[0] === Number.NEGATIVE_INFINITY ? FIRST_DAY : dayOf(days[0]),
      to: days[1] === Number.POSITIVE_INFINITY ? LAST_DAY : dayOf(days[1]),
    },
    hours: [span(hours[0], days[0], hourOf), span(days[1], hours[1], hourOf)],
    rest: [span(begin, hours[0], timeOf), span(hours[1], end, timeOf)],
  };
}

/** The days that a period touches, in UTC. */
export function daysOf({ from, to }: Span): string[] {
  const days: string[] = [];
  const end = Date.parse(to);
  let day = Math.floor(Date.parse(from) / DAY_MS) * DAY_MS;
  for (; day < end; day += DAY_MS) days.push(dayOf(day));
  return days;
}
