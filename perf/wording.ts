export const written = (count: number): string => Math.round(count).toLocaleString('en');

/** Three digits or more, and never a bare 0 for what took time. */
export function milliseconds(ms: number): string {
  const digits = ms < 10 ? 2 : ms < 100 ? 1 : 0;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${ms.toLocaleString('en', options)} ms`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(count: number): string {
  const size = Math.abs(count);
  const step = Math.min(size < 1 ? 0 : Math.floor(Math.log2(size) / 10), units.length - 1);
  return `${(count / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}

export const seconds = (count: number | null): string =>
  count === null ? '' : `${written(count)} s`;

/** How much more than before: `+12 %`. */
export function change(before: number, now: number): string {
  if (before === 0) return now === 0 ? '' : 'new';
  const percent = Math.round((now / before - 1) * 100);
  return `${percent > 0 ? '+' : ''}${written(percent)} %`;
}

/** To the minute; times are those of UTC. */
export const moment = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)}`;
