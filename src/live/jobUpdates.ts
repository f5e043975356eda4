import type { Knex } from 'knex';
import {
  findJobPage,
  type JobFilter,
  type JobRow,
  type JobStatus,
  jobOrderings,
} from '../db/jobs.ts';
import type { Position } from '../db/keyset.ts';
import { type JobFeed, OVERLAP_MS } from './jobFeed.ts';
import type { JobMailbox } from './jobMailbox.ts';

const unendedStatuses = ['processing', 'enriching', 'queued'] as const satisfies JobStatus[];

const hasEnded = ({ status }: JobRow): boolean =>
  !unendedStatuses.some((unended) => unended === status);

const PAGE_SIZE = 100;

/**
 * Reads a mailbox. A generator that waits hears of its end only when it has waited enough, so the
 * mailbox is closed first.
 */
function reading<Job>(
  mailbox: JobMailbox,
  read: () => AsyncGenerator<Job, void>,
): AsyncIterableIterator<Job, void> {
  const generator = read();
  return {
    next: () => generator.next(),
    async return() {
      mailbox.close();
      return generator.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/**
 * A job as it is now, and whenever it changes, until it has ended. Where there is none, or none that
 * the reader may see: null, and the end.
 */
export function jobUpdates(
  feed: JobFeed,
  id: string,
  visible: (job: JobRow | null) => JobRow | null,
): AsyncIterableIterator<JobRow | null, void> {
  const mailbox = feed.watchJob(id);
  return reading(mailbox, async function* () {
    try {
      for (;;) {
        const letter = await mailbox.next();
        // One job never fills a mailbox, so nothing of it is missed.
        if (!letter || 'missedSince' in letter) return;
        const job = visible(letter.job);
        yield job;
        if (!job || hasEnded(job)) return;
      }
    } finally {
      mailbox.close();
    }
  });
}

/** The jobs of a filter in the order of their creation or change, page by page as they are read. */
async function* everyJob(
  db: Knex,
  filter: JobFilter,
  ordering: (typeof jobOrderings)['created_at' | 'updated_at'],
): AsyncGenerator<JobRow> {
  let after: Position | null = null;
  for (;;) {
    const page = {
      ordering,
      descending: false,
      limit: PAGE_SIZE,
      fromEnd: false,
      after,
      before: null,
    };
    const { rows, hasNextPage } = await findJobPage(db, { filter, page });
    yield* rows;
    const last = rows.at(-1);
    if (!last || !hasNextPage) return;
    after = { value: ordering.value(last), id: last.id };
  }
}

async function* unendedJobs(db: Knex, userId: number): AsyncGenerator<JobRow> {
  for (const status of unendedStatuses) {
    yield* everyJob(db, { userId, status }, jobOrderings.created_at);
  }
}

/** What changes while this is read comes by the mailbox too, so this has an end. */
function changedJobs(db: Knex, userId: number, since: string): AsyncGenerator<JobRow> {
  const from = new Date(Date.parse(since) - OVERLAP_MS).toISOString();
  const to = new Date(Date.now() + OVERLAP_MS).toISOString();
  return everyJob(db, { userId, updatedAt: { from, to } }, jobOrderings.updated_at);
}

/**
 * The user's jobs that changed since a time, or (null) those that have not ended; then each whenever
 * it changes.
 */
export function userJobUpdates(
  db: Knex,
  feed: JobFeed,
  userId: number,
  since: string | null,
): AsyncIterableIterator<JobRow, void> {
  const mailbox = feed.watchUser(userId);
  return reading(mailbox, async function* () {
    const caughtUp = async function* (jobs: AsyncIterable<JobRow>) {
      for await (const job of jobs) {
        if (mailbox.isClosed) return;
        mailbox.forget(job);
        yield job;
      }
    };
    try {
      yield* caughtUp(since === null ? unendedJobs(db, userId) : changedJobs(db, userId, since));
      for (;;) {
        const letter = await mailbox.next();
        if (!letter) return;
        if ('missedSince' in letter) yield* caughtUp(changedJobs(db, userId, letter.missedSince));
        else if (letter.job) yield letter.job;
      }
    } finally {
      mailbox.close();
    }
  });
}
