import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { dialectOf } from '../db/client.ts';
import type { JobChanges, StopWatching } from '../db/jobChanges.ts';
import { findJobsByIds, findJobsChangedSince, type JobRow } from '../db/jobs.ts';
import { JobMailbox } from './jobMailbox.ts';

/**
 * `updated_at` is written some time before its transaction ends, which may have waited for a lock; so
 * who asks what changed since a time has to begin that much earlier.
 */
export const OVERLAP_MS = 10_000;

/** Changed jobs that are read at once. Of more, each reader looks up its own. */
const MAX_CHANGED = 1000;

const RETRY_AFTER_MS = 1000;

/** Mailboxes by what they watch. */
class Watchers<Key> {
  readonly #byKey = new Map<Key, Set<JobMailbox>>();

  add(key: Key, mailbox: JobMailbox): void {
    const mailboxes = this.#byKey.get(key);
    if (mailboxes) mailboxes.add(mailbox);
    else this.#byKey.set(key, new Set([mailbox]));
  }

  delete(key: Key, mailbox: JobMailbox): void {
    const mailboxes = this.#byKey.get(key);
    mailboxes?.delete(mailbox);
    if (mailboxes?.size === 0) this.#byKey.delete(key);
  }

  has(key: Key): boolean {
    return this.#byKey.has(key);
  }

  of(key: Key): Iterable<JobMailbox> {
    return this.#byKey.get(key) ?? [];
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  keys(): Key[] {
    return [...this.#byKey.keys()];
  }

  *all(): Iterable<JobMailbox> {
    for (const mailboxes of this.#byKey.values()) yield* mailboxes;
  }
}

export interface JobFeedOptions {
  db: Knex;
  onFault(fault: unknown): void;
}

/**
 * Brings changed jobs to all who watch them in this process. A change costs the same statements for one
 * watcher and for a thousand; without any, nothing runs.
 */
export class JobFeed {
  readonly #db: Knex;
  readonly #onFault: (fault: unknown) => void;
  readonly #ofJobs = new Watchers<string>();
  readonly #ofUsers = new Watchers<number>();
  /** Watched jobs that nobody was told of yet. */
  #newcomers = new Set<string>();
  #changed = new Set<string>();
  #changedSince: string | null = null;
  /** What watchers of users were told lately: the overlap of times brings the same again. */
  readonly #told = new Map<string, { state: string; at: number }>();
  readonly #states = new WeakMap<JobMailbox, string>();
  #stopWatching: StopWatching | null = null;
  #isLoading = false;
  #isClosed = false;
  /** What is loaded here is for nobody's request alone, so none is to be charged with it. */
  readonly #outsideOfRequests = AsyncLocalStorage.snapshot();

  constructor({ db, onFault }: JobFeedOptions) {
    this.#db = db;
    this.#onFault = onFault;
  }

  /** A mailbox that gets the job as it is now, and whenever it changes; null where there is none. */
  watchJob(id: string): JobMailbox {
    const mailbox = this.#open(this.#ofJobs, id);
    this.#newcomers.add(id);
    this.#begin();
    return mailbox;
  }

  /** A mailbox that gets each job of the user when it changes. */
  watchUser(userId: number): JobMailbox {
    return this.#open(this.#ofUsers, userId);
  }

  /** How many read it, and how many jobs wait to be read by all of them. */
  load(): { readers: number; waiting: number } {
    const mailboxes = this.#mailboxes();
    const waiting = mailboxes.reduce((sum, { size }) => sum + size, 0);
    return { readers: mailboxes.length, waiting };
  }

  /** Ends all subscriptions, those that come later too. */
  close(): void {
    this.#isClosed = true;
    for (const mailbox of this.#mailboxes()) mailbox.close();
  }

  #mailboxes(): JobMailbox[] {
    return [...this.#ofJobs.all(), ...this.#ofUsers.all()];
  }

  #open<Key>(watchers: Watchers<Key>, key: Key): JobMailbox {
    const mailbox = new JobMailbox((closed) => {
      watchers.delete(key, closed);
      if (this.#isWatched()) return;
      this.#stopWatching?.();
      this.#stopWatching = null;
      this.#told.clear();
    });
    if (this.#isClosed) mailbox.close();
    else {
      watchers.add(key, mailbox);
      this.#stopWatching ??= this.#outsideOfRequests(() => this.#watch());
    }
    return mailbox;
  }

  #isWatched(): boolean {
    return !this.#ofJobs.isEmpty || !this.#ofUsers.isEmpty;
  }

  #watch(): StopWatching {
    return dialectOf(this.#db).watchJobs(this.#db, {
      onChange: (changes) => this.#note(changes),
      onFault: this.#onFault,
    });
  }

  #note(changes: JobChanges): void {
    if ('since' in changes)
      this.#noteSince(new Date(changes.since.getTime() - OVERLAP_MS).toISOString());
    else {
      for (const { id, userId } of changes.jobs) {
        if (this.#ofJobs.has(id) || this.#ofUsers.has(userId)) this.#changed.add(id);
      }
    }
    this.#begin();
  }

  #noteSince(since: string): void {
    if (this.#changedSince === null || since < this.#changedSince) this.#changedSince = since;
  }

  /** Loads what is noted, one load at a time: what comes meanwhile waits for the next. */
  #begin(): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    void this.#outsideOfRequests(async () => {
      while (this.#isWatched() && this.#isNoted()) await this.#loadNoted();
      this.#isLoading = false;
    });
  }

  #isNoted(): boolean {
    return this.#newcomers.size > 0 || this.#changed.size > 0 || this.#changedSince !== null;
  }

  async #loadNoted(): Promise<void> {
    const [newcomers, changed, since] = [this.#newcomers, this.#changed, this.#changedSince];
    [this.#newcomers, this.#changed, this.#changedSince] = [new Set(), new Set(), null];
    try {
      await this.#deliverJobs(newcomers, changed, since !== null);
      if (since !== null) await this.#deliverChangedSince(since);
    } catch (fault) {
      for (const id of newcomers) this.#newcomers.add(id);
      for (const id of changed) this.#changed.add(id);
      if (since !== null) this.#noteSince(since);
      this.#onFault(fault);
      await sleep(RETRY_AFTER_MS, null, { ref: false });
    }
  }

  async #deliverJobs(
    newcomers: ReadonlySet<string>,
    changed: ReadonlySet<string>,
    anyMayHaveChanged: boolean,
  ): Promise<void> {
    const watched = anyMayHaveChanged ? this.#ofJobs.keys() : [];
    const ids = [...new Set([...newcomers, ...changed, ...watched])];
    if (ids.length === 0) return;
    const rows = new Map((await findJobsByIds(this.#db, ids)).map((row) => [row.id, row]));
    for (const id of ids) {
      const row = rows.get(id) ?? null;
      this.#tellWatchersOfJob(id, row);
      if (row && changed.has(id)) this.#tellWatchersOfUser(row);
    }
  }

  async #deliverChangedSince(since: string): Promise<void> {
    const userIds = this.#ofUsers.keys();
    if (userIds.length === 0) return;
    const rows = await findJobsChangedSince(this.#db, userIds, since, MAX_CHANGED);
    if (rows.length === MAX_CHANGED) {
      for (const mailbox of this.#ofUsers.all()) mailbox.miss(since);
    } else {
      for (const row of rows) this.#tellWatchersOfUser(row);
    }
  }

  #tellWatchersOfJob(id: string, row: JobRow | null): void {
    const state = JSON.stringify(row);
    for (const mailbox of this.#ofJobs.of(id)) {
      if (this.#states.get(mailbox) === state) continue;
      this.#states.set(mailbox, state);
      mailbox.put(id, row);
    }
  }

  #tellWatchersOfUser(row: JobRow): void {
    const state = JSON.stringify(row);
    if (this.#told.get(row.id)?.state === state) return;
    const at = Date.now();
    // Behind all others, so that the oldest are in front.
    this.#told.delete(row.id);
    this.#told.set(row.id, { state, at });
    for (const [id, told] of this.#told) {
      if (told.at > at - 2 * OVERLAP_MS) break;
      this.#told.delete(id);
    }
    for (const mailbox of this.#ofUsers.of(row.user_id)) mailbox.put(row.id, row);
  }
}
