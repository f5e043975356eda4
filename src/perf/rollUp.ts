import type { HistoryStore } from './history.ts';
import { type MetricRow, merged } from './metricRow.ts';
import { dueAt, nextStep, resolutions } from './resolutions.ts';

/** Rows that one step takes and replaces: some milliseconds, and so long is the most that a process can lose. */
const ROWS_A_STEP = 200;

/** Steps a run, so that the run ends. A minute brings fewer, and what was left behind comes in some runs. */
const MAX_STEPS = 100;

/** Steps of deletion a run: ten thousand rows and more. */
const MAX_DELETIONS = 400;

const coarser = (row: MetricRow, seconds: number): MetricRow => ({
  ...row,
  resolution_seconds: seconds,
  due_at: dueAt(row.timestamp, seconds),
});

/**
 * Replaces rows that are due by fewer of the next step. A step that another process was quicker with
 * changes nothing, and ends the run: that process is at it.
 */
async function rollUp(store: HistoryStore, seconds: number, now: string): Promise<void> {
  const next = nextStep(seconds);
  if (next === null) return;
  let last: MetricRow | null = null;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const due = await store.findDue(seconds, now, last, ROWS_A_STEP);
    if (due.length === 0) return;
    const rows = merged(
      due.map(({ id: _id, ...row }) => coarser(row, next)),
      // What is due together becomes one; the times it began at differ.
      ({ due_at, series, timestamp }) =>
        `${due_at} ${series} ${Math.floor(Date.parse(timestamp) / (next * 1000))}`,
    );
    const ids = due.map(({ id }) => id);
    if (!(await store.replace(ids, rows))) return;
    if (due.length < ROWS_A_STEP) return;
    last = due.at(-1) ?? null;
  }
}

/** Makes old rows coarser and deletes the oldest, in bounded steps. */
export async function tidy(store: HistoryStore, now: string): Promise<void> {
  for (const { seconds } of resolutions) await rollUp(store, seconds, now);
  for (let step = 0; step < MAX_DELETIONS; step += 1) {
    if ((await store.deleteExpired(now)) === 0) return;
  }
}
