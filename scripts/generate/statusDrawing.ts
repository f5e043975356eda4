import { readFileSync } from 'node:fs';
import { type JobStatus, jobStatuses } from '../../src/db/jobs.ts';
import { statusChanges } from '../../src/jobs/statusChanges.ts';
import type { GeneratedFile } from './generatedFile.ts';

const path = 'docs/queue.md';
const [begin, end] = ['<!-- statuses -->', '<!-- /statuses -->'];

interface Arrow {
  from: JobStatus;
  to: JobStatus;
  by: string;
}

const arrows: readonly Arrow[] = jobStatuses.flatMap((from) =>
  Object.entries(statusChanges[from]).map(([to, by]) => ({
    from,
    // The keys of the table; Object.entries only lost their names for the compiler.
    to: to as JobStatus,
    by,
  })),
);

/** What leads from a status and to it: those with the same are drawn as one. */
const surroundings = (status: JobStatus): string =>
  JSON.stringify([
    Object.keys(statusChanges[status]),
    arrows.filter(({ to }) => to === status).map(({ from }) => from),
  ]);

/** The statuses in groups, by the first of each. */
function groups(): Map<JobStatus, JobStatus[]> {
  const alike = Map.groupBy(jobStatuses, surroundings);
  return new Map(
    [...alike.values()].flatMap((members) => (members[0] ? [[members[0], members]] : [])),
  );
}

function drawing(): string {
  const grouped = groups();
  const labels = new Map<string, Set<string>>();
  const nameOf = (status: JobStatus): JobStatus =>
    [...grouped].find(([, members]) => members.includes(status))?.[0] ?? status;
  for (const { from, to, by } of arrows) {
    const arrow = `${nameOf(from)} --> ${nameOf(to)}`;
    labels.set(arrow, (labels.get(arrow) ?? new Set()).add(by));
  }
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> queued: createJob',
    ...[...grouped]
      .filter(([, members]) => members.length > 1)
      .map(([name, members]) => `  state "${members.join(', ')}" as ${name}`),
    ...[...labels].map(([arrow, by]) => `  ${arrow}: ${[...by].join(', ')}`),
    '```',
  ].join('\n');
}

/** docs/queue.md with its drawing made anew; the rest of it is written by hand. */
export function statusDrawingFiles(): GeneratedFile[] {
  const text = readFileSync(path, 'utf8');
  const [before, after] = [text.split(begin)[0], text.split(end)[1]];
  if (before === undefined || after === undefined)
    throw new Error(`${path} lacks ${begin} and ${end}.`);
  return [{ path, text: `${before}${begin}\n${drawing()}\n${end}${after}` }];
}
