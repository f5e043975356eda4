import { beforeAll, describe, expect, test } from 'vitest';
import { type JobStatus, jobStatuses } from '../src/db/jobs.ts';
import { IllegalStatusChangeError } from '../src/jobs/jobErrors.ts';
import { checkStatusChange } from '../src/jobs/statusChanges.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { globalId } from './harness/given.ts';
import { CANCEL, FAIL, RELEASE, REPORT, RETRY } from './harness/queue.ts';

const words = (text: string): string[] => text.split(' ').filter(Boolean);

/** Written down once more, so that a change of the table has to be meant. */
const legal: Record<JobStatus, string> = {
  queued: 'processing cancelled',
  processing:
    'queued enriching completed cancelled failed failed_timeout failed_launch_error failed_whisper_error failed_thread_exception failed_unknown',
  enriching:
    'queued completed cancelled failed failed_timeout failed_launch_error failed_whisper_error failed_thread_exception failed_unknown',
  completed: '',
  failed: 'queued',
  failed_timeout: 'queued',
  failed_launch_error: 'queued',
  failed_whisper_error: 'queued',
  failed_thread_exception: 'queued',
  failed_unknown: 'queued',
  cancelled: 'queued',
};

const pairs = jobStatuses.flatMap((from) => jobStatuses.map((to) => [from, to] as const));

test.each(pairs)('from %s to %s', (from, to) => {
  const change = () => checkStatusChange(from, to);
  if (words(legal[from]).includes(to)) expect(change).not.toThrow();
  else expect(change).toThrow(new IllegalStatusChangeError(from, to));
});

/** What becomes of a job by each mutation: a status, or why not. */
const outcomes = (from: JobStatus) => {
  const isWorkedOn = from === 'processing' || from === 'enriching';
  const isOver = from.startsWith('failed') || from === 'cancelled';
  return {
    cancelJob: isWorkedOn || from === 'queued' ? 'CANCELLED' : `${from} -> cancelled`,
    retryJob: isOver ? 'QUEUED' : `${from} -> queued`,
    failJob: isWorkedOn ? 'FAILED_WHISPER_ERROR' : 'LEASE_LOST',
    releaseJob: isWorkedOn ? 'QUEUED' : 'LEASE_LOST',
    reportProgress: isWorkedOn ? from.toUpperCase() : 'LEASE_LOST',
  };
};

const people = { cancelJob: CANCEL, retryJob: RETRY };
const workers = { failJob: FAIL, releaseJob: RELEASE, reportProgress: REPORT };

interface Changed {
  data?: { status: string };
  from?: string;
  to?: string;
}

/** A job, or the lease on one. */
interface Reported {
  status?: string;
  job?: { status: string };
}

describe.each(databases)('a job on $name', (kind) => {
  const api = useApi(kind);
  let owner: Awaited<ReturnType<typeof api.given.user>>;
  let worker: { as: Client; claimedBy: string };
  beforeAll(async () => {
    owner = await api.given.user();
    const { as } = await api.given.worker();
    const [key] = await api.db('api_keys').select('id');
    worker = { as, claimedBy: String(key.id) };
  });

  /** A job of the owner's in a status, the last attempt of it held by the worker where one may. */
  async function jobIn(status: JobStatus): Promise<string> {
    const { id } = await api.given.job({ user: owner.user, status, attempt: 3 });
    if (words('processing enriching').includes(status)) {
      await api.db('jobs').where({ id }).update({
        claimed_by: worker.claimedBy,
        started_at: new Date().toISOString(),
        lease_expires_at: '2999-01-01T00:00:00.000Z',
        deadline_at: '2999-01-01T00:00:00.000Z',
      });
    }
    return id;
  }

  const rowOf = (id: string) => api.db('jobs').where({ id }).first();

  test.each(jobStatuses)('that is %s becomes what it may, by each mutation', async (status) => {
    const found: Record<string, string> = {};
    for (const [name, operation] of Object.entries(people)) {
      const id = await jobIn(status);
      const before = await rowOf(id);
      const answer = await owner.as.query<Record<string, Changed>, object>(operation, {
        id: globalId('Job', id),
      });
      const { data, from, to } = answer[name] ?? {};
      found[name] = data?.status ?? `${from?.toLowerCase()} -> ${to?.toLowerCase()}`;
      if (!data) expect(await rowOf(id)).toEqual(before);
    }
    for (const [name, operation] of Object.entries(workers)) {
      const id = await jobIn(status);
      const before = await rowOf(id);
      const { data, errors } = await worker.as.send<Record<string, Reported>, object>(operation, {
        id: globalId('Job', id),
        attempt: 3,
      });
      const changed = data?.[name];
      found[name] = errors[0]?.extensions.code ?? changed?.status ?? changed?.job?.status ?? '';
      if (errors.length > 0) expect(await rowOf(id)).toEqual(before);
    }
    expect(found).toEqual(outcomes(status));
  });
});
