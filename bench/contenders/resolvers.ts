import { readFileSync } from 'node:fs';
import { jobStatuses } from '../../src/db/jobs.ts';

export const typeDefs = readFileSync(new URL('./schema.graphql', import.meta.url), 'utf8');

/** `QUEUED` is `queued` in the database. */
export const JobStatus = Object.fromEntries(
  jobStatuses.map((status) => [status.toUpperCase(), status]),
);

export const connectionOf = <Row>(rows: readonly Row[]) => ({
  edges: rows.map((node) => ({ node })),
});

export interface PageArguments {
  first: number;
}

export interface IdArguments {
  id: string;
}

export interface PeriodArguments {
  from: string;
  to: string;
}

export type SearchArguments = PageArguments & { query: string };

export interface UpdateUserArguments {
  input: { id: string; email: string };
}
