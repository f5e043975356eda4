/** A job that was made, changed or deleted, and whose it is. */
export interface ChangedJob {
  id: string;
  userId: number;
}

/** Jobs that changed; or since when any job may have, where it can't be said which. */
export type JobChanges = { jobs: readonly ChangedJob[] } | { since: Date };

export interface JobChangeListener {
  onChange(changes: JobChanges): void;
  /** Told of what went wrong; the watch goes on by itself. */
  onFault(fault: unknown): void;
}

/** Ends a watch. */
export type StopWatching = () => void;
