import type { DatabaseAddress } from '../../src/config.ts';
import { operations } from '../workloads.ts';
import { globalId, localId } from './globalId.ts';
import { jsonServer } from './jsonServer.ts';
import { listen } from './listen.ts';
import { type JobRow, type MetadataRow, type RawData, rawData, type UserRow } from './rawData.ts';
import { openRaw } from './rawDatabase.ts';

type Field = (variables: Record<string, unknown>) => unknown;

const metadataByJobId = async (
  data: RawData,
  jobs: readonly JobRow[],
): Promise<Map<string, MetadataRow>> => {
  const rows = await data.metadataByJobIds(jobs.map(({ id }) => id));
  return new Map(rows.map((row) => [row.jobId, row]));
};

/** Jobs with the user and the metadata of each: the two other statements go out together. */
async function wholeJobs(data: RawData, jobs: readonly JobRow[]) {
  const [users, metadata] = await Promise.all([
    data.usersByIds([...new Set(jobs.map(({ userId }) => userId))]),
    metadataByJobId(data, jobs),
  ]);
  const userById = new Map<number, UserRow>(users.map((user) => [user.id, user]));
  return jobs.map((job) => {
    const user = userById.get(job.userId);
    const found = metadata.get(job.id);
    return {
      id: globalId('Job', job.id),
      originalFilename: job.originalFilename,
      model: job.model,
      status: job.status.toUpperCase(),
      createdAt: job.createdAt,
      durationSeconds: job.durationSeconds,
      user: user ? { id: globalId('User', user.id), username: user.username } : null,
      metadata: found
        ? { language: found.language, tokens: found.tokens, wordsPerMinute: found.wordsPerMinute }
        : null,
    };
  });
}

async function usersWithJobs(data: RawData) {
  const users = await data.userPage(20);
  const jobs = await data.jobsByUserIds(
    users.map(({ id }) => id),
    5,
  );
  const metadata = await metadataByJobId(data, jobs);
  const jobsByUserId = Map.groupBy(jobs, ({ userId }) => userId);
  const edgeOf = (job: JobRow) => {
    const found = metadata.get(job.id);
    return {
      node: {
        id: globalId('Job', job.id),
        originalFilename: job.originalFilename,
        status: job.status.toUpperCase(),
        createdAt: job.createdAt,
        metadata: found ? { language: found.language, tokens: found.tokens } : null,
      },
    };
  };
  return users.map(({ id, username }) => ({
    node: {
      id: globalId('User', id),
      username,
      jobs: { edges: (jobsByUserId.get(id) ?? []).map(edgeOf) },
    },
  }));
}

const fieldsOf = (data: RawData): Record<string, Field> => ({
  [operations.jobList]: async ({ first }) => {
    const jobs = await wholeJobs(data, await data.jobPage(Number(first)));
    return { jobs: { edges: jobs.map((node) => ({ node })) } };
  },
  [operations.job]: async ({ id }) => {
    const job = await data.jobById(localId(String(id)));
    return { job: job ? (await wholeJobs(data, [job]))[0] : null };
  },
  [operations.userList]: async () => ({ users: { edges: await usersWithJobs(data) } }),
  [operations.updateUser]: async ({ id, email }) => {
    const user = await data.updateUser(Number(localId(String(id))), String(email));
    const changed = user && { id: globalId('User', user.id), username: user.username, email };
    return { updateUser: { __typename: 'UpdateUserSuccess', data: changed } };
  },
});

export async function start(address: DatabaseAddress): Promise<string> {
  const fields = fieldsOf(rawData(openRaw(address)));
  return listen(
    jsonServer(async ({ query, variables }) =>
      JSON.stringify({ data: await fields[query]?.(variables) }),
    ),
  );
}
