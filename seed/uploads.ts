import { HOUR, MINUTE, SECOND, WEEK } from './clock.ts';
import type { Owner } from './people.ts';
import type { Choices, Random } from './random.ts';

/** A file that was sent, and how long it waits for a worker. */
export interface Upload {
  owner: Owner;
  time: number;
  waitMs: number;
}

interface UploadsOptions {
  jobs: number;
  now: number;
}

const WEEKS = 52;

/** Just before now more come than the workers can take, so that the queue has something in it. */
const RUSH = 30 * MINUTE;

/** How long a sign-in lasts. */
const SESSION = 12 * HOUR;

const rushed = (jobs: number): number => Math.min(40, Math.ceil(jobs / 250));

/** How busy people are, beside a working hour. */
function bustle(time: number): number {
  const date = new Date(time);
  const hour = date.getUTCHours();
  const byHour = hour >= 7 && hour < 18 ? 1 : hour >= 5 && hour < 22 ? 0.3 : 0.04;
  const isWeekend = date.getUTCDay() % 6 === 0;
  return isWeekend ? byHour * 0.2 : byHour;
}

function timeInWeek(random: Random, start: number): number {
  for (;;) {
    const time = Math.floor(start + random.fraction() * WEEK);
    if (random.chance(bustle(time))) return time;
  }
}

/** Of all jobs those before a week; the last week has three times as many as the first. */
function jobsBefore(week: number, jobs: number): number {
  const weight = (weeks: number) => weeks * (1 + (weeks - 1) / (WEEKS - 1));
  return Math.round((jobs * weight(week)) / weight(WEEKS));
}

/** The times of a year, in order, made a week at a time. */
function* uploadTimes(random: Random, { jobs, now }: UploadsOptions): Generator<number> {
  const steady = jobs - rushed(jobs);
  for (let week = 0; week < WEEKS; week += 1) {
    const length = jobsBefore(week + 1, steady) - jobsBefore(week, steady);
    const start = now - (WEEKS - week) * WEEK;
    const times = Array.from({ length }, () => timeInWeek(random, start));
    if (week === WEEKS - 1) {
      const rush = Array.from({ length: rushed(jobs) }, () => now - random.whole(SECOND, RUSH));
      times.push(...rush);
    }
    yield* times.sort((one, other) => one - other);
  }
}

/** The first place in ascending numbers that has more than the limit. */
function firstAbove(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Draws by diligence among those who have joined and come back since; the times may not go back. */
function createOwnerChoice(owners: Choices<Owner>): (random: Random, time: number) => Owner {
  let total = 0;
  const diligenceUpTo = owners.map(({ diligence }) => {
    total += diligence;
    return total;
  });
  let joined = 1;
  return (random, time) => {
    while ((owners[joined]?.joinedAt ?? Number.POSITIVE_INFINITY) <= time) joined += 1;
    const limit = diligenceUpTo[joined - 1] ?? 0;
    // Of few users perhaps only the first, the administrator, is here: don't search for ever.
    for (let draws = 0; draws < 100; draws += 1) {
      const owner = owners[firstAbove(diligenceUpTo, random.fraction() * limit)] ?? owners[0];
      if (time <= owner.lastLoginAt + SESSION) return owner;
    }
    return owners[0];
  };
}

/** A year of uploads in the order of time; `owners` are in the order in which they joined. */
export function* createUploads(
  random: Random,
  owners: Choices<Owner>,
  options: UploadsOptions,
): Generator<Upload> {
  const ownerAt = createOwnerChoice(owners);
  for (const time of uploadTimes(random, options)) {
    const intoTheRush = Math.max(0, time - (options.now - RUSH));
    // Who comes later waits longer, by so much that more than half of the rush is still waiting.
    const waitMs = Math.ceil(random.exponential(40 * SECOND) + 1.5 * intoTheRush);
    yield { owner: ownerAt(random, time), time, waitMs };
  }
}
