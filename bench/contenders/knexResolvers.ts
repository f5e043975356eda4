import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import { globalId, localId } from './globalId.ts';
import {
  findJob,
  findJobs,
  findStatistics,
  findUsers,
  type JobRow,
  jobColumns,
  type MetadataRow,
  metadataColumns,
  searchJobs,
  type UserRow,
  updateUser,
  userColumns,
} from './knexData.ts';
import {
  connectionOf,
  type IdArguments,
  JobStatus,
  type PageArguments,
  type PeriodArguments,
  type SearchArguments,
  type UpdateUserArguments,
} from './resolvers.ts';

export interface KnexContext {
  knex: Knex;
  loaders: ReturnType<typeof createKnexLoaders>;
}

type Context = Pick<KnexContext, 'knex'>;

/** All but what comes with each of many jobs or users. */
export const knexResolvers = {
  JobStatus,
  Query: {
    jobs: async (_root: unknown, { first }: PageArguments, { knex }: Context) =>
      connectionOf(await findJobs(knex, first)),
    job: (_root: unknown, { id }: IdArguments, { knex }: Context) => findJob(knex, localId(id)),
    users: async (_root: unknown, { first }: PageArguments, { knex }: Context) =>
      connectionOf(await findUsers(knex, first)),
    jobStatistics: (_root: unknown, { from, to }: PeriodArguments, { knex }: Context) =>
      findStatistics(knex, from, to),
    searchJobs: async (_root: unknown, args: SearchArguments, { knex }: Context) =>
      connectionOf(await searchJobs(knex, args)),
  },
  Mutation: {
    updateUser: async (_root: unknown, args: UpdateUserArguments, { knex }: Context) => ({
      data: await updateUser(knex, args),
    }),
  },
  Job: {
    id: (job: JobRow) => globalId('Job', job.id),
    originalFilename: (job: JobRow) => job.original_filename,
    createdAt: (job: JobRow) => new Date(job.created_at).toISOString(),
    durationSeconds: (job: JobRow) => job.duration_seconds,
  },
  JobMatch: { job: (match: JobRow) => match },
  Metadata: { wordsPerMinute: (metadata: MetadataRow) => metadata.wpm },
  User: { id: (user: UserRow) => globalId('User', user.id) },
};

const first = <Row>(rows: readonly Row[] | undefined): Row | null => rows?.[0] ?? null;

/** Made anew for each request. */
export function createKnexLoaders(knex: Knex) {
  return {
    userById: new DataLoader<number, UserRow | null>(async (ids) => {
      const rows: UserRow[] = await knex('users').select(userColumns).whereIn('id', ids);
      const byId = Map.groupBy(rows, ({ id }) => id);
      return ids.map((id) => first(byId.get(id)));
    }),
    metadataByJobId: new DataLoader<string, MetadataRow | null>(async (ids) => {
      const rows: MetadataRow[] = await knex('metadata')
        .select(metadataColumns)
        .whereIn('job_id', ids);
      const byId = Map.groupBy(rows, ({ job_id }) => job_id);
      return ids.map((id) => first(byId.get(id)));
    }),
    jobsByUserId: new DataLoader<{ userId: number; limit: number }, JobRow[], string>(
      async (keys) => {
        // All of a page ask for as many.
        const limit = keys[0]?.limit ?? 0;
        const ranked = knex('jobs')
          .select(jobColumns)
          .rowNumber('rank', (window) =>
            window.partitionBy('user_id').orderBy([
              { column: 'created_at', order: 'desc' },
              { column: 'id', order: 'desc' },
            ]),
          )
          .whereIn(
            'user_id',
            keys.map(({ userId }) => userId),
          );
        const rows: JobRow[] = await knex
          .select(jobColumns)
          .from(ranked.as('ranked'))
          .where('rank', '<=', limit)
          .orderBy(['user_id', 'rank']);
        const byUserId = Map.groupBy(rows, ({ user_id }) => user_id);
        return keys.map(({ userId }) => byUserId.get(userId) ?? []);
      },
      { cacheKeyFn: ({ userId, limit }) => `${userId}/${limit}` },
    ),
  };
}

/** What comes with each of many jobs or users, by loaders. */
export const loadedResolvers = {
  Job: {
    user: (job: JobRow, _args: unknown, { loaders }: KnexContext) =>
      loaders.userById.load(job.user_id),
    metadata: (job: JobRow, _args: unknown, { loaders }: KnexContext) =>
      loaders.metadataByJobId.load(job.id),
  },
  User: {
    jobs: async (user: UserRow, { first: limit }: PageArguments, { loaders }: KnexContext) =>
      connectionOf(await loaders.jobsByUserId.load({ userId: user.id, limit })),
  },
};
