const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A step of time that figures are kept by. */
interface Resolution {
  seconds: number;
  /** How long its rows are kept before they are rolled up into the next step; the last are deleted. */
  keptMs: number;
}

/** The older, the coarser. Hours reach over a week, so that an hour can be held against that of the week before. */
export const resolutions: readonly [Resolution, ...Resolution[]] = [
  { seconds: 60, keptMs: 2 * HOUR_MS },
  { seconds: 600, keptMs: 2 * DAY_MS },
  { seconds: 3600, keptMs: 9 * DAY_MS },
  { seconds: 86_400, keptMs: 35 * DAY_MS },
];

export const FINEST_SECONDS = resolutions[0].seconds;

/** The step that rows of this one are rolled up into; null for the last. */
export const nextStep = (seconds: number): number | null =>
  resolutions.find((resolution) => resolution.seconds > seconds)?.seconds ?? null;

/** When rows of a step are rolled up or deleted: one moment for all that become one. */
export function dueAt(timestamp: string, seconds: number): string {
  const keptMs = resolutions.find((resolution) => resolution.seconds === seconds)?.keptMs ?? 0;
  const targetMs = (nextStep(seconds) ?? seconds) * 1000;
  const end = (Math.floor(Date.parse(timestamp) / targetMs) + 1) * targetMs;
  return new Date(end + keptMs).toISOString();
}

/** How far back figures are added up, in milliseconds. */
export const windows = {
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 30 * DAY_MS,
} as const;

export type Window = keyof typeof windows;

/**
 * Figures count in a window if they began after this. What is that old stands in steps, and a step that
 * reaches into the window counts whole: so it is the window and at most one step.
 */
export function beginningOf(window: Window, now: Date): string {
  const age = windows[window];
  const step = resolutions.find(({ keptMs }) => keptMs >= age) ?? resolutions[0];
  return new Date(now.getTime() - age - step.seconds * 1000).toISOString();
}
