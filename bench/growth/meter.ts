import { readFileSync } from 'node:fs';
import type { Knex } from 'knex';
import type { DatabaseAddress } from '../../src/config.ts';
import { connect } from '../../src/db/client.ts';
import type { SentStatement } from '../../src/db/dialect.ts';
import { workMeter } from '../../test/walk/work.ts';
import type { Query, Sample } from './queries.ts';
import { sampleOf } from './queries.ts';

/** What a query took: in microseconds, and as the database counts. */
export interface Cost {
  microseconds: number;
  /** Steps of SQLite, pages of PostgreSQL; null where they are not counted. */
  counted: number | null;
}

/** A database of some size, held open with the others. */
export interface Sized {
  jobs: number;
  db: Knex;
  address: DatabaseAddress;
  sample: Sample;
  /** Microseconds that the work for this database took until now. */
  workedSoFar(): number;
  /** What was sent since it was emptied. */
  sent: SentStatement[];
}

function threadMicroseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** The processor's time of a process, as Linux tells it to the nanosecond; the clock's elsewhere. */
function processClock(pid: number): () => number {
  const path = `/proc/${pid}/schedstat`;
  const read = (): number => Number(readFileSync(path, 'utf8').split(' ')[0]) / 1000;
  try {
    read();
    return read;
  } catch {
    return () => performance.now() * 1000;
  }
}

export async function openSized(address: DatabaseAddress, jobs: number): Promise<Sized> {
  const sent: SentStatement[] = [];
  const db = connect({ address, poolSize: 1, onStatement: (statement) => sent.push(statement) });
  const sample = await sampleOf(db);
  if (address.kind === 'sqlite') {
    return { jobs, db, address, sample, workedSoFar: threadMicroseconds, sent };
  }
  // Workers of a parallel plan are other processes, whose time nobody would see.
  await db.raw('SET max_parallel_workers_per_gather = 0');
  const { rows } = await db.raw('SELECT pg_backend_pid() AS pid');
  return { jobs, db, address, sample, workedSoFar: processClock(rows[0].pid), sent };
}

/** The kernel may count the processor's time in steps of 4 ms: together, calls are long against that. */
const BATCH_MS = 40;
const BATCHES = 8;
const MOST_CALLS = 1000;

/**
 * Microseconds a call of a query in each of the databases. They are called in turn, so that what disturbs
 * one disturbs all.
 */
export async function timesOf(query: Query, databases: readonly Sized[]): Promise<number[]> {
  const totals = databases.map(() => ({ microseconds: 0, calls: 0 }));
  const counts: number[] = [];
  let index = 0;
  const call = async ({ db, sample }: Sized): Promise<void> => {
    await query.run(db, sample, index);
    index += 1;
  };
  for (const sized of databases) {
    await call(sized);
    const begun = performance.now();
    await call(sized);
    const calls = Math.ceil(BATCH_MS / (performance.now() - begun));
    counts.push(Math.min(MOST_CALLS, calls));
  }
  for (let batch = 0; batch < BATCHES; batch += 1) {
    for (const [place, sized] of databases.entries()) {
      const total = totals[place];
      const calls = counts[place] ?? 1;
      const begun = sized.workedSoFar();
      for (let done = 0; done < calls; done += 1) await call(sized);
      if (total) {
        total.microseconds += sized.workedSoFar() - begun;
        total.calls += calls;
      }
      await query.restore?.(sized.db);
      sized.sent.length = 0;
    }
  }
  return totals.map(({ microseconds, calls }) => microseconds / calls);
}

/** More does not fit into the memory of the SQLite that counts. */
const LARGEST_COUNTED = 200_000;

/** What the database counts for one call of each query; null for what it does not. */
export async function countsOf(
  queries: readonly Query[],
  { jobs, db, address, sample, sent }: Sized,
): Promise<(number | null)[]> {
  if (address.kind === 'sqlite' && jobs > LARGEST_COUNTED) return queries.map(() => null);
  const meter = await workMeter(address);
  const counts: (number | null)[] = [];
  for (const query of queries) {
    sent.length = 0;
    await query.run(db, sample, 0);
    // What writes would be run once more.
    const reads = [...sent].filter(({ sql }) => /^\s*(select|with)/i.test(sql));
    let count = 0;
    for (const statement of reads) {
      const { steps, pages } = await meter.measure(statement);
      count += address.kind === 'sqlite' ? steps : pages;
    }
    counts.push(reads.length === 0 ? null : count);
  }
  await meter.close();
  return counts;
}
