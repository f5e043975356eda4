import * as queue from '../../../src/db/queue.ts';
import { type Calls, jobId, jobIds, later, time, within } from './calls.ts';

export const queueCalls: Calls<typeof queue> = {
  insertJob: {
    'a job': (db) =>
      queue.insertJob(db, {
        id: jobId,
        user_id: 1,
        original_filename: 'interview.mp3',
        saved_filename: `${jobId}.mp3`,
        model: 'large-v3',
        status: 'queued',
        created_at: time,
        updated_at: time,
        file_size_bytes: 1000,
        duration_seconds: 60,
        priority: 0,
        run_after: null,
        max_attempts: 3,
        remaining_seconds: 3600,
        idempotency_key: 'a key',
      }),
  },
  findJobByIdempotencyKey: {
    'of a user': (db) => queue.findJobByIdempotencyKey(db, 1, 'a key'),
  },
  findJobToChange: { 'an id': within((transaction) => queue.findJobToChange(transaction, jobId)) },
  updateJob: {
    'a heartbeat': within((transaction) =>
      queue.updateJob(transaction, jobId, {
        updated_at: time,
        lease_expires_at: later,
        progress: 0.5,
      }),
    ),
  },
  updateNextJob: {
    'of some models': within((transaction) =>
      queue.updateNextJob(transaction, {
        models: ['large-v3', 'small'],
        claimedBy: '1',
        now: time,
        leaseExpiresAt: later,
      }),
    ),
  },
  updateTurns: {
    'of a user': within((transaction) =>
      queue.updateTurns(transaction, { userId: 1, models: ['large-v3', 'small'] }),
    ),
  },
  deleteJobRow: { 'an id': within((transaction) => queue.deleteJobRow(transaction, jobId)) },
  findOverdueJobIds: { 'at a time': (db) => queue.findOverdueJobIds(db, time) },
  updateDueJobs: { 'at a time': within((transaction) => queue.updateDueJobs(transaction, time)) },
  lockMany: { always: within((transaction) => queue.lockMany(transaction)) },
  updateJobsToRedrive: {
    'some ids': within((transaction) =>
      queue.updateJobsToRedrive(transaction, jobIds, {
        moreAttempts: 3,
        changes: { status: 'queued', updated_at: time },
      }),
    ),
  },
};
