import type { Knex } from 'knex';
import {
  analyze,
  insertAuditLogs,
  insertJobs,
  insertUsers,
  type JobBatch,
} from '../src/db/bulkInsert.ts';
import { withIndexesSetAside } from '../src/db/indexesSetAside.ts';
import { withRollupsSetAside } from '../src/db/rollupsSetAside.ts';
import { auditLogsOfJob, auditLogsOfOwner } from './auditLogs.ts';
import { createJob, type SeededJob } from './jobs.ts';
import { metadataOf } from './metadata.ts';
import { createPeople, type Owner } from './people.ts';
import { type Choices, createRandom } from './random.ts';
import { segmentsOf } from './segments.ts';
import { createUploads } from './uploads.ts';

export { anyJobExists as isFilled } from '../src/db/bulkInsert.ts';

export interface FillOptions {
  users: number;
  jobs: number;
  /** The data leads up to it; the same options, this one included, give the same data. */
  now: Date;
  /** Of the one password that all users get. */
  hashedPassword: string;
  /** Segments came late to the service, so only its newest jobs have them; 3,000 if not given. */
  jobsWithSegments?: number;
  onProgress?: (jobsDone: number) => void;
}

/** How many rows were made; an administrator who was there before counts too. */
export interface FillCounts {
  users: number;
  jobs: number;
  metadata: number;
  segments: number;
  auditLogs: number;
}

const JOBS_WITH_SEGMENTS = 3_000;

/** A twentieth, so that progress shows, and at most what fits well into memory. */
const batchSize = (jobs: number): number => Math.min(5_000, Math.max(1_000, Math.ceil(jobs / 20)));

function* inBatches<Value>(values: Iterable<Value>, size: number): Generator<Value[]> {
  let batch: Value[] = [];
  for (const value of values) {
    batch.push(value);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** One for each subject, so that more of one changes nothing in the others. */
const createChances = () => ({
  people: createRandom(1),
  uploads: createRandom(2),
  jobs: createRandom(3),
  metadata: createRandom(4),
  segments: createRandom(5),
  auditLogs: createRandom(6),
});

type Chances = ReturnType<typeof createChances>;

/** Adds the users and gives those who can have jobs. */
async function addPeople(
  db: Knex,
  chances: Chances,
  { users, now, hashedPassword }: FillOptions,
): Promise<Choices<Owner>> {
  const people = createPeople(chances.people, { users, now: now.getTime(), hashedPassword });
  const rows = await insertUsers(
    db,
    people.map(({ user }) => user),
  );
  const ids = new Map(rows.map(({ username, id }) => [username, id]));
  const [first, ...others] = people.flatMap((person): Owner[] => {
    const id = ids.get(person.user.username);
    const { lastLoginAt } = person;
    return id === undefined || lastLoginAt === null ? [] : [{ ...person, id, lastLoginAt }];
  });
  if (!first) throw new Error('No user could be added: others have their addresses.');
  return [first, ...others];
}

function rowsOf(chances: Chances, seeded: SeededJob[], newest: SeededJob[]): JobBatch {
  return {
    jobs: seeded.map(({ job }) => job),
    metadata: seeded.flatMap((job) => metadataOf(chances.metadata, job)),
    segments: newest.flatMap((job) => segmentsOf(chances.segments, job)),
    auditLogs: seeded.flatMap((job) => auditLogsOfJob(chances.auditLogs, job)),
  };
}

/** Adds the jobs of a year in batches, and gives what was made. */
async function addJobs(
  db: Knex,
  chances: Chances,
  owners: Choices<Owner>,
  { jobs, now, jobsWithSegments = JOBS_WITH_SEGMENTS, onProgress }: FillOptions,
): Promise<Omit<FillCounts, 'users'>> {
  const counts = { jobs: 0, metadata: 0, segments: 0, auditLogs: 0 };
  const uploads = createUploads(chances.uploads, owners, { jobs, now: now.getTime() });
  for (const batch of inBatches(uploads, batchSize(jobs))) {
    const seeded = batch.map((upload) => createJob(chances.jobs, upload, now.getTime()));
    const newest = seeded.slice(Math.max(0, jobs - jobsWithSegments - counts.jobs));
    const rows = rowsOf(chances, seeded, newest);
    await insertJobs(db, rows);
    counts.jobs += rows.jobs.length;
    counts.metadata += rows.metadata.length;
    counts.segments += rows.segments.length;
    counts.auditLogs += rows.auditLogs.length;
    onProgress?.(counts.jobs);
  }
  return counts;
}

/**
 * Fills a database that has no jobs: users, and a year of what they had transcribed. All or nothing, so
 * that what was cut off can be made again.
 */
export async function fillDemo(db: Knex, options: FillOptions): Promise<FillCounts> {
  const chances = createChances();
  const counts = await db.transaction(async (transaction) => {
    let made: Omit<FillCounts, 'users'> = { jobs: 0, metadata: 0, segments: 0, auditLogs: 0 };
    const fill = async (): Promise<void> => {
      const owners = await addPeople(transaction, chances, options);
      const ownLogs = owners.flatMap((owner) => auditLogsOfOwner(chances.auditLogs, owner));
      await insertAuditLogs(transaction, ownLogs);
      made = await addJobs(transaction, chances, owners, options);
      made.auditLogs += ownLogs.length;
    };
    await withIndexesSetAside(transaction, () => withRollupsSetAside(transaction, fill));
    return made;
  });
  await analyze(db);
  return { users: options.users, ...counts };
}
