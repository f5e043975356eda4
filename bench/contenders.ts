import type { DatabaseKind } from './database.ts';
import type { WorkloadName } from './workloads.ts';

export interface Contender {
  /** The name in the results. */
  title: string;
  /** Its file in `contenders/`. */
  file: string;
  databases: readonly DatabaseKind[];
  /** What it can't do, and why. */
  leftOut: Partial<Record<WorkloadName, string>>;
}

const both = ['sqlite', 'postgres'] as const;

const ONE_STATEMENT = 'has one statement anyway, as the floor';

export const contenders = {
  floor: {
    title: 'Floor: one joined statement, `node:http`',
    file: 'floor.ts',
    databases: both,
    leftOut: {},
  },
  floorInThree: {
    title: 'Floor in three statements',
    file: 'floorInThree.ts',
    databases: both,
    leftOut: { statistics: ONE_STATEMENT, search: ONE_STATEMENT },
  },
  ours: {
    title: '**Ours**, monitor and authentication on',
    file: 'ours.ts',
    databases: both,
    leftOut: {},
  },
  oursTwice: {
    title: '**Ours** in two processes',
    file: 'oursTwice.ts',
    databases: both,
    leftOut: {},
  },
  bareJit: {
    title: 'graphql-jit + DataLoader over raw drivers, `node:http`',
    file: 'bareJit.ts',
    databases: both,
    leftOut: {},
  },
  mercurius: {
    title: 'Mercurius + JIT + loaders over raw drivers',
    file: 'mercurius.ts',
    databases: both,
    leftOut: {},
  },
  postgraphile: {
    title: 'PostGraphile 5',
    file: 'postgraphile.ts',
    databases: ['postgres'],
    leftOut: {
      statistics: 'has no such sums without a plugin',
      search: 'knows no full-text search without a plugin',
      mixed: 'its mutations write no entry into the audit log',
    },
  },
  apollo: {
    title: 'Apollo Server + DataLoader + Knex',
    file: 'apollo.ts',
    databases: both,
    leftOut: {},
  },
  yoga: { title: 'Yoga + DataLoader + Knex', file: 'yoga.ts', databases: both, leftOut: {} },
  nPlusOne: {
    title: 'Yoga + Knex without loaders (N+1)',
    file: 'nPlusOne.ts',
    databases: both,
    leftOut: {},
  },
} as const satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;

// Object.keys forgets the names of the keys.
export const contenderNames = Object.keys(contenders) as ContenderName[];

/** Those that are measured if nobody is named: two processes use twice the processors, which the others don't. */
export const usualContenders = contenderNames.filter((name) => name !== 'oursTwice');
