import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type ContenderName, contenders } from './contenders.ts';
import type { DatabaseKind } from './database.ts';
import type { Round } from './measure.ts';
import { plotOf } from './plot.ts';
import { type WorkloadName, workloads } from './workloads.ts';

/** All rounds of one workload on one database. */
export interface Measurement {
  database: DatabaseKind;
  workload: WorkloadName;
  connections: number;
  seconds: number;
  users: number;
  jobs: number;
  /** When, with which commit, on which machine. */
  date: string;
  commit: string;
  machine: string;
  rounds: Partial<Record<ContenderName, Round[]>>;
  /** Who is not among them, and why. */
  leftOut: Partial<Record<ContenderName, string>>;
}

export type Figure = keyof Round;

export interface Line {
  name: ContenderName;
  title: string;
  /** Smallest, median and largest. */
  of(figure: Figure): { min: number; median: number; max: number };
  /** The median of what this one answers, as a part of what ours answers in the same round. */
  ofOurs: number | null;
}

const middle = (sorted: readonly number[]): number =>
  sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;

const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

function lineOf(name: ContenderName, rounds: readonly Round[], ours: readonly Round[]): Line {
  // Rounds stand beside each other in time, so a ratio within one is what noise disturbs least.
  const ratios = rounds.flatMap((round, index) => {
    const own = ours[index];
    return own && own.requestsPerSecond > 0
      ? [round.requestsPerSecond / own.requestsPerSecond]
      : [];
  });
  return {
    name,
    title: contenders[name].title,
    of(figure) {
      const values = ascending(rounds.map((round) => round[figure]));
      return {
        min: values[0] ?? Number.NaN,
        median: middle(values),
        max: values.at(-1) ?? Number.NaN,
      };
    },
    ofOurs: ratios.length > 0 ? middle(ascending(ratios)) : null,
  };
}

const isContender = (name: string): name is ContenderName => Object.hasOwn(contenders, name);

/** The contenders that were measured, the fastest first. */
export function linesOf({ rounds }: Measurement): Line[] {
  return Object.entries(rounds)
    .flatMap(([name, own]) =>
      isContender(name) && own.length > 0 ? [lineOf(name, own, rounds.ours ?? [])] : [],
    )
    .sort((a, b) => b.of('requestsPerSecond').median - a.of('requestsPerSecond').median);
}

const count = (value: number): string => Math.round(value).toLocaleString('en');
/** Where nothing was answered, there is no time. */
const time = (ms: number): string => (Number.isNaN(ms) ? '' : ms.toFixed(ms < 10 ? 1 : 0));

const databaseTitles: Record<DatabaseKind, string> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

export const titleOf = ({ workload, database, connections }: Measurement): string =>
  `${workloads[workload].title}, ${databaseTitles[database]}, ${connections} connections`;

const nameOf = ({ workload, database, connections }: Measurement): string =>
  `${workload}-${database}-${connections}`;

function rowOf(line: Line): string {
  const rate = line.of('requestsPerSecond');
  return `| ${[
    line.title,
    `${count(rate.median)} (${count(rate.min)}–${count(rate.max)})`,
    line.ofOurs === null ? '' : line.ofOurs.toFixed(2),
    count(line.of('cpuMicroseconds').median),
    time(line.of('p50Ms').median),
    time(line.of('p99Ms').median),
  ].join(' | ')} |`;
}

/** A workload on a database as a table. */
export function tableOf(measurement: Measurement): string {
  const lines = linesOf(measurement);
  const leftOut = Object.entries(measurement.leftOut).flatMap(([name, reason]) =>
    isContender(name) ? [`${contenders[name].title}: ${reason}`] : [],
  );
  const rounds = Math.max(0, ...Object.values(measurement.rounds).map(({ length }) => length));
  return [
    '| | requests/s (spread) | of ours | CPU µs a request | p50 ms | p99 ms |',
    '| --- | --: | --: | --: | --: | --: |',
    ...lines.map(rowOf),
    '',
    ...(leftOut.length > 0 ? [`Left out: ${leftOut.join('; ')}.`, ''] : []),
    `${rounds} interleaved rounds of ${measurement.seconds} s, ${count(measurement.jobs)} jobs; ${measurement.date}, commit ${measurement.commit}, ${measurement.machine}.`,
  ].join('\n');
}

const page = (measurements: readonly Measurement[]): string => `# Benchmark

Written by \`npm run bench\`; \`bench/README.md\` says how it is measured and how to read it.

${measurements
  .map(
    (measurement) =>
      `## ${titleOf(measurement)}\n\n![](${nameOf(measurement)}.svg)\n\n${tableOf(measurement)}\n`,
  )
  .join('\n')}`;

const order = (measurement: Measurement): number =>
  measurement.connections * 1000 + Object.keys(workloads).indexOf(measurement.workload);

/** Keeps what was measured and writes it anew; a workload that was measured before is replaced. */
export class Results {
  readonly #folder: URL;
  #measurements: Measurement[] = [];

  constructor(folder: URL) {
    this.#folder = folder;
    const file = new URL('bench.json', folder);
    // Only this class writes it.
    if (existsSync(file)) this.#measurements = JSON.parse(readFileSync(file, 'utf8'));
  }

  add(measurement: Measurement): void {
    const name = nameOf(measurement);
    this.#measurements = [
      ...this.#measurements.filter((other) => nameOf(other) !== name),
      measurement,
    ].sort((a, b) => order(a) - order(b) || a.database.localeCompare(b.database) * -1);
    mkdirSync(this.#folder, { recursive: true });
    const write = (file: string, text: string) => writeFileSync(new URL(file, this.#folder), text);
    write('bench.json', `${JSON.stringify(this.#measurements, null, 1)}\n`);
    write('bench.md', page(this.#measurements));
    write(`${name}.svg`, plotOf(titleOf(measurement), linesOf(measurement)));
  }
}
