import { isAdministrator, visibleJob, visibleUser } from '../auth/visibility.ts';
import type { AuditLogRow } from '../db/auditLogs.ts';
import type { ReadJob } from '../db/jobSelection.ts';
import { isTranscribed } from '../db/jobs.ts';
import type { MetadataRow } from '../db/metadata.ts';
import type { SegmentRow } from '../db/segments.ts';
import type { ShownUser } from '../db/users.ts';
import { builder } from './builder.ts';
import { nodeId } from './immediateIds.ts';

// The types that refer to each other: their ids, and how an id finds its object. What the viewer may
// not see is null. Their fields stand in the file of each type.

export const Job = builder.nodeRef<ReadJob>('Job', {
  id: nodeId((job: ReadJob) => job.id),
  loadManyWithoutCache: async (ids, { loaders, viewer }) =>
    (await loaders.jobById.loadMany(ids)).map((job) => visibleJob(viewer, found(job))),
});

export const User = builder.nodeRef<ShownUser, number>('User', {
  id: { ...nodeId((user: ShownUser) => user.id), parse: Number },
  loadManyWithoutCache: async (ids, { loaders, viewer }) =>
    (await loaders.userById.loadMany(ids)).map((user) => visibleUser(viewer, found(user))),
});

export const Metadata = builder.nodeRef<MetadataRow>('Metadata', {
  id: nodeId((metadata: MetadataRow) => metadata.job_id),
  loadManyWithoutCache: (jobIds, { loaders, viewer }) =>
    Promise.all(
      jobIds.map(async (jobId) => {
        const job = visibleJob(viewer, await loaders.jobById.load(jobId));
        return job && loaders.metadataByJobId.load(job.id);
      }),
    ),
});

export const Segment = builder.nodeRef<SegmentRow, number>('Segment', {
  id: { ...nodeId((segment: SegmentRow) => segment.id), parse: Number },
  loadManyWithoutCache: (ids, { loaders, viewer }) =>
    Promise.all(
      ids.map(async (id) => {
        const segment = await loaders.segmentById.load(id);
        const job = segment && (await loaders.jobById.load(segment.job_id));
        const visible = visibleJob(viewer, job);
        return visible && isTranscribed(visible) ? segment : null;
      }),
    ),
});

export const AuditLog = builder.nodeRef<AuditLogRow, number>('AuditLog', {
  id: { ...nodeId((entry: AuditLogRow) => entry.id), parse: Number },
  loadManyWithoutCache: async (ids, { loaders, viewer }) =>
    isAdministrator(viewer)
      ? (await loaders.auditLogById.loadMany(ids)).map(found)
      : ids.map(() => null),
});

/** DataLoader gives errors among the values; here they are thrown. */
function found<Row>(row: Row | Error): Row {
  if (row instanceof Error) throw row;
  return row;
}
