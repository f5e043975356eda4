import { parseArgs } from 'node:util';
import { type ContenderName, contenderNames, usualContenders } from './contenders.ts';
import { type DatabaseKind, type DatabaseSize, databaseKinds } from './database.ts';
import { type WorkloadName, workloads } from './workloads.ts';

export interface BenchOptions {
  isQuick: boolean;
  rounds: number;
  seconds: number;
  /** Rounds of a second before these, whose figures are not kept. */
  warmUpRounds: number;
  /** So many requests a round, instead of so long. */
  amount?: number;
  connections: number;
  only: ContenderName[];
  workloads: WorkloadName[];
  databases: DatabaseKind[];
  size: DatabaseSize;
}

/** Names that are separated by commas. Exits where one is none of these. */
function namesOf<Name extends string>(text: string, known: readonly Name[]): Name[] {
  return text.split(',').map((given) => {
    const name = known.find((one) => one === given);
    if (name === undefined) {
      console.error(`"${given}" is none of ${known.join(', ')}`);
      process.exit(2);
    }
    return name;
  });
}

// Object.keys forgets the names of the keys.
const workloadNames = Object.keys(workloads) as WorkloadName[];

/** All contenders in all workloads, but hardly long enough to compare them: CI sees that nothing is broken. */
const quick = {
  rounds: 1,
  warmUpRounds: 0,
  connections: 4,
  amount: 20,
  size: { users: 50, jobs: 2_000 },
};

export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '48' },
      only: { type: 'string' },
      workloads: { type: 'string', default: workloadNames.join() },
      databases: { type: 'string', default: databaseKinds.join() },
    },
  });
  return {
    isQuick: values.quick,
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warmUpRounds: 1,
    connections: Number(values.connections),
    only: values.only
      ? namesOf(values.only, contenderNames)
      : values.quick
        ? contenderNames
        : usualContenders,
    workloads: namesOf(values.workloads, workloadNames),
    databases: namesOf(values.databases, databaseKinds),
    size: { users: 1_000, jobs: 200_000 },
    ...(values.quick && quick),
  };
}
