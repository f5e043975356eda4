import type { Figures } from './figures.ts';
import type { Column } from './table.ts';
import { milliseconds, written } from './wording.ts';

const number = (title: string, value: (figures: Figures) => string): Column<Figures> => ({
  title,
  value,
  isNumber: true,
});

export const calls = number('calls', (figures) => written(figures.calls));
export const errors = number('errors', (figures) => written(figures.errors));
export const rows = number('rows', (figures) => written(figures.rows));
export const total = number('total', ({ totalMs }) => milliseconds(totalMs));
export const mean = number('mean', ({ meanMs }) => milliseconds(meanMs));
export const p50 = number('p50', ({ p50Ms }) => milliseconds(p50Ms));
export const p95 = number('p95', ({ p95Ms }) => milliseconds(p95Ms));
export const p99 = number('p99', ({ p99Ms }) => milliseconds(p99Ms));
export const longest = number('longest', ({ maxMs }) => milliseconds(maxMs));

export const named = (title: string): Column<Figures> => ({ title, value: ({ name }) => name });
export const statement: Column<Figures> = { ...named('statement'), isCode: true };
