import DataLoader from 'dataloader';
import { globalId, localId } from './globalId.ts';
import type { JobRow, MetadataRow, RawData, UserRow } from './rawData.ts';
import {
  connectionOf,
  type IdArguments,
  JobStatus,
  type PageArguments,
  type PeriodArguments,
  type SearchArguments,
  type UpdateUserArguments,
} from './resolvers.ts';

/** All but what comes with each of many jobs or users. Fields without a resolver are columns. */
export const rawResolvers = (data: RawData) => ({
  JobStatus,
  Query: {
    jobs: async (_root: unknown, { first }: PageArguments) =>
      connectionOf(await data.jobPage(first)),
    job: (_root: unknown, { id }: IdArguments) => data.jobById(localId(id)),
    users: async (_root: unknown, { first }: PageArguments) =>
      connectionOf(await data.userPage(first)),
    jobStatistics: (_root: unknown, { from, to }: PeriodArguments) => data.statistics(from, to),
    searchJobs: async (_root: unknown, { query, first }: SearchArguments) =>
      connectionOf(await data.search(query, first)),
  },
  Mutation: {
    updateUser: async (_root: unknown, { input }: UpdateUserArguments) => ({
      data: await data.updateUser(Number(localId(input.id)), input.email),
    }),
  },
  Job: { id: ({ id }: JobRow) => globalId('Job', id) },
  JobMatch: { job: (match: JobRow) => match },
  User: { id: ({ id }: UserRow) => globalId('User', id) },
});

/** Rows in the order of their keys; null where a key has none. */
function inOrder<Key, Row>(
  keys: readonly Key[],
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
): (Row | null)[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => byKey.get(key) ?? null);
}

/** Made anew for each request. */
export function createRawLoaders(data: RawData) {
  const jobsByUserId = new Map<number, DataLoader<number, JobRow[]>>();
  return {
    userById: new DataLoader<number, UserRow | null>(async (ids) =>
      inOrder(ids, await data.usersByIds(ids), ({ id }) => id),
    ),
    metadataByJobId: new DataLoader<string, MetadataRow | null>(async (ids) =>
      inOrder(ids, await data.metadataByJobIds(ids), ({ jobId }) => jobId),
    ),
    jobsByUserId: (limit: number) =>
      jobsByUserId.getOrInsertComputed(
        limit,
        () =>
          new DataLoader(async (ids) => {
            const byUserId = Map.groupBy(
              await data.jobsByUserIds(ids, limit),
              ({ userId }) => userId,
            );
            return ids.map((id) => byUserId.get(id) ?? []);
          }),
      ),
  };
}

export interface RawContext {
  loaders: ReturnType<typeof createRawLoaders>;
}

/** What comes with each of many jobs or users. */
export const loadedResolvers = {
  Job: {
    user: ({ userId }: JobRow, _args: unknown, { loaders }: RawContext) =>
      loaders.userById.load(userId),
    metadata: ({ id }: JobRow, _args: unknown, { loaders }: RawContext) =>
      loaders.metadataByJobId.load(id),
  },
  User: {
    jobs: async ({ id }: UserRow, { first }: PageArguments, { loaders }: RawContext) =>
      connectionOf(await loaders.jobsByUserId(first).load(id)),
  },
};
