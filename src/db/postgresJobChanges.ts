import type { ClientConfig } from 'pg';
import type { ChangedJob, JobChangeListener, JobChanges, StopWatching } from './jobChanges.ts';
import { listenToPostgres } from './postgresNotifications.ts';

/** What the trigger of the migration 010 wrote: pairs of a job and its user, or nothing for many. */
function changesOf(payload: string | undefined): JobChanges {
  if (!payload) return { since: new Date() };
  const pairs = JSON.parse(payload) as [string, number][];
  return { jobs: pairs.map(([id, userId]): ChangedJob => ({ id, userId })) };
}

/** After a break, it says since when it may have missed something. */
export const watchPostgresJobs = (
  connection: ClientConfig,
  { onChange, onFault }: JobChangeListener,
): StopWatching =>
  listenToPostgres(connection, 'job_changes', {
    onListening: (heardAt) => onChange({ since: heardAt }),
    onNotification: (payload) => onChange(changesOf(payload)),
    onFault,
  });
