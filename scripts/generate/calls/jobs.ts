import { jobSelection } from '../../../src/db/jobSelection.ts';
import * as jobs from '../../../src/db/jobs.ts';
import { type Calls, jobId, jobIds, later, page, time, userIds, within } from './calls.ts';

const { created_at, duration_seconds, finished_at, updated_at } = jobs.jobOrderings;
const newest = page(created_at);
const withUserAndMetadata = jobSelection({
  columns: ['id', 'user_id', 'status'],
  user: ['id', 'username'],
  metadata: ['job_id', 'language'],
});
const everyCondition: jobs.JobFilter = {
  userId: 1,
  status: 'completed',
  model: 'large-v3',
  createdAt: { from: time, to: later },
  durationSeconds: { from: 60, to: 3600 },
  fileSizeBytes: { to: 1_000_000 },
};

export const jobCalls: Calls<typeof jobs> = {
  findJobsByIds: {
    'some ids': (db) => jobs.findJobsByIds(db, jobIds),
    'some ids, with user and metadata': (db) => jobs.findJobsByIds(db, jobIds, withUserAndMetadata),
  },
  findJobsChangedSince: {
    'of some users': (db) => jobs.findJobsChangedSince(db, userIds, time, 1000),
  },
  findJobIds: {
    'of a model and a user': (db) =>
      jobs.findJobIds(db, {
        filter: { model: 'small', userId: 1 },
        statuses: ['failed', 'failed_timeout'],
        limit: 100,
      }),
  },
  findJobIdsToChange: {
    'some ids': within((transaction) =>
      jobs.findJobIdsToChange(transaction, { ids: [jobId], statuses: ['failed'] }),
    ),
  },
  findJobPage: {
    'the newest': (db) => jobs.findJobPage(db, { filter: {}, page: newest }),
    'the newest, with user and metadata': (db) =>
      jobs.findJobPage(db, { filter: {}, page: newest, selection: withUserAndMetadata }),
    'filtered by status, after a cursor': (db) =>
      jobs.findJobPage(db, {
        filter: { status: 'completed' },
        page: page(created_at, { after: { value: time, id: jobId } }),
      }),
    'filtered by everything': (db) =>
      jobs.findJobPage(db, { filter: everyCondition, page: newest }),
    'of a user, ordered by a column with nulls, after a null': (db) =>
      jobs.findJobPage(db, {
        filter: { userId: 1 },
        page: page(finished_at, { after: { value: null, id: jobId } }),
      }),
    'of a user, that changed in a span of time': (db) =>
      jobs.findJobPage(db, {
        filter: { userId: 1, updatedAt: { from: time, to: later } },
        page: page(updated_at, { descending: false }),
      }),
    'the last, before a cursor': (db) =>
      jobs.findJobPage(db, {
        filter: {},
        page: page(duration_seconds, { fromEnd: true, before: { value: 60, id: jobId } }),
      }),
  },
  findJobPagesByUserIds: {
    'the newest of each': (db) =>
      jobs.findJobPagesByUserIds(db, userIds, { filter: {}, page: newest }),
    'the newest of each, with user and metadata': (db) =>
      jobs.findJobPagesByUserIds(db, userIds, {
        filter: {},
        page: newest,
        selection: withUserAndMetadata,
      }),
    'filtered by status, the last of each, before a cursor': (db) =>
      jobs.findJobPagesByUserIds(db, userIds, {
        filter: { status: 'failed' },
        page: page(created_at, { fromEnd: true, before: { value: time, id: jobId } }),
      }),
  },
  countJobs: {
    'all of them': (db) => jobs.countJobs(db, {}),
    'filtered by status': (db) => jobs.countJobs(db, { status: 'completed' }),
  },
  countJobsByUserIds: {
    'all of each': (db) => jobs.countJobsByUserIds(db, userIds, {}),
    'filtered by status': (db) => jobs.countJobsByUserIds(db, userIds, { status: 'completed' }),
  },
  countJobsByStatus: { 'of some users': (db) => jobs.countJobsByStatus(db, userIds) },
};
