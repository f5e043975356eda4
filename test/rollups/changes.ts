import type { Knex } from 'knex';
import { v7 as uuid } from 'uuid';
import type { Choices, Random } from '../../seed/random.ts';
import type { JobRow, JobStatus } from '../../src/db/jobs.ts';
import type { MetadataRow } from '../../src/db/metadata.ts';

const statuses: Choices<JobStatus> = [
  'queued',
  'processing',
  'enriching',
  'completed',
  'failed',
  'failed_timeout',
  'cancelled',
];
const models: Choices<string> = ['small', 'medium', 'large-v3'];
const languages: Choices<string | null> = ['en', 'de', null];

/** Three days, at whose ends and on whose hours many things happen. */
const BEGIN = Date.UTC(2026, 2, 1);
const END = Date.UTC(2026, 2, 4);
const HOUR_MS = 3_600_000;

const timeIn = (random: Random): string => {
  const hour = random.whole(BEGIN / HOUR_MS, END / HOUR_MS) * HOUR_MS;
  const beside = random.pick([-1, 0, 0, 1, random.whole(0, HOUR_MS - 1)]);
  return new Date(hour + beside).toISOString();
};

/** Parts of a period, from the beginning of an hour to the middle of a day. */
export function periodIn(random: Random): { from: string; to: string } {
  const [one, other] = [timeIn(random), timeIn(random)];
  if (one === other) return periodIn(random);
  return one < other ? { from: one, to: other } : { from: other, to: one };
}

export const kindIn = (random: Random) => ({
  ...(random.chance(0.5) && { status: random.pick(statuses) }),
  ...(random.chance(0.5) && { model: random.pick(models) }),
});

const secondsIn = (random: Random): number | null =>
  random.pick([null, 0, random.exponential(900), random.exponential(900), 1_000_000]);

const jobIn = (random: Random, userId: number) => {
  const id = uuid();
  return {
    id,
    user_id: userId,
    original_filename: `${id}.mp3`,
    saved_filename: `${id}.mp3`,
    model: random.pick(models),
    status: random.pick(statuses),
    created_at: timeIn(random),
    updated_at: timeIn(random),
    duration_seconds: secondsIn(random),
    processing_time_seconds: secondsIn(random),
  };
};

const metadataIn = (random: Random): Partial<MetadataRow> => ({
  tokens: random.pick([null, random.whole(0, 20_000)]),
  duration: secondsIn(random),
  language: random.pick(languages),
  wpm: random.pick([null, random.between(50, 300)]),
  generated_at: timeIn(random),
});

/** Writes something to a database as anybody might who knows nothing of rollups; gives whether there was anything. */
export type Change = (db: Knex, random: Random, userIds: Choices<number>) => Promise<unknown>;

const someJob = async (db: Knex, random: Random): Promise<string> => {
  const ids: string[] = await db('jobs').orderBy('id').pluck('id');
  return ids[random.whole(0, ids.length - 1)] ?? 'none';
};

const changing =
  (columns: (random: Random, userIds: Choices<number>) => Partial<JobRow>): Change =>
  async (db, random, userIds) => {
    const id = await someJob(db, random);
    await db('jobs').where({ id }).update(columns(random, userIds));
  };

export const changes: Choices<Change> = [
  (db, random, userIds) => db('jobs').insert(jobIn(random, random.pick(userIds))),
  (db, random, userIds) =>
    db('jobs').insert(Array.from({ length: 10 }, () => jobIn(random, random.pick(userIds)))),
  changing((random) => ({ status: random.pick(statuses) })),
  changing((random) => ({ model: random.pick(models) })),
  changing((random, userIds) => ({ user_id: random.pick(userIds) })),
  changing((random) => ({ created_at: timeIn(random) })),
  changing((random) => ({ duration_seconds: secondsIn(random) })),
  changing((random) => ({
    status: 'completed',
    duration_seconds: secondsIn(random),
    processing_time_seconds: secondsIn(random),
  })),
  changing((random) => ({ progress: random.fraction() })),
  async (db, random) => {
    const [from, to] = [random.pick(statuses), random.pick(statuses)];
    await db('jobs')
      .where({ status: from, model: random.pick(models) })
      .update({ status: to });
  },
  async (db, random) => {
    await db('jobs')
      .where({ id: await someJob(db, random) })
      .delete();
  },
  async (db, random) => {
    if (random.chance(0.1))
      await db('jobs')
        .where({ status: random.pick(statuses) })
        .delete();
  },
  async (db, random) => {
    const job_id = await someJob(db, random);
    if (job_id === 'none') return;
    await db('metadata')
      .insert({ job_id, ...metadataIn(random) })
      .onConflict('job_id')
      .merge();
  },
  async (db, random) => {
    await db('metadata')
      .where({ job_id: await someJob(db, random) })
      .update(metadataIn(random));
  },
  // As a job is completed, in both tables.
  async (db, random) => {
    const id = await someJob(db, random);
    await db.transaction(async (transaction) => {
      const [job] = await transaction('jobs').where({ id }).forUpdate();
      if (!job) return;
      await transaction('metadata')
        .insert({ job_id: id, ...metadataIn(random) })
        .onConflict('job_id')
        .merge();
      await transaction('jobs').where({ id }).update({ status: 'completed' });
    });
  },
  async (db, random) => {
    // What is undone was not counted.
    const undone = db.transaction(async (transaction) => {
      await transaction('jobs').update({ status: random.pick(statuses) });
      throw new Error('undone');
    });
    await undone.catch(() => undefined);
  },
];
