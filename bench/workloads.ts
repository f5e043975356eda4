import { readFileSync } from 'node:fs';
import { connect } from '../src/db/client.ts';
import { encodeGlobalId } from '../src/schema/globalId.ts';
import type { BenchDatabase } from './database.ts';

export interface GraphqlRequest {
  query: string;
  variables: Record<string, unknown>;
}

/** Rows that requests are about: all contenders and rounds ask for the same. */
export interface Subjects {
  jobIds: string[];
  users: { id: number; email: string }[];
}

/** More than a cache of one entry would hold; an even number of writes comes out of it. */
const SUBJECTS = 100;

export async function findSubjects({ address }: BenchDatabase): Promise<Subjects> {
  const db = connect({ address, poolSize: 1 });
  try {
    const jobs: { id: string }[] = await db('jobs')
      .join('metadata', 'metadata.job_id', 'jobs.id')
      .select('jobs.id')
      .orderBy('jobs.id')
      .offset(1000)
      .limit(SUBJECTS);
    const users = await db('users')
      .select('id', 'email')
      .orderBy('id')
      .limit(SUBJECTS / 2);
    return { jobIds: jobs.map(({ id }) => id), users };
  } finally {
    await db.destroy();
  }
}

const text = (name: string): string =>
  readFileSync(new URL(`./workloads/${name}.graphql`, import.meta.url), 'utf8');

export const operations = {
  jobList: text('jobList'),
  job: text('job'),
  userList: text('userList'),
  statistics: text('statistics'),
  search: text('search'),
  updateUser: text('updateUser'),
};

const jobList = (first: number): GraphqlRequest => ({
  query: operations.jobList,
  variables: { first },
});

export interface Workload {
  title: string;
  /** They are sent in turn. */
  requests(subjects: Subjects): GraphqlRequest[];
}

export const workloads = {
  jobs20: { title: '20 jobs with user and metadata', requests: () => [jobList(20)] },
  jobs100: { title: '100 jobs, the largest page', requests: () => [jobList(100)] },
  job: {
    title: 'One job by id',
    requests: ({ jobIds }) =>
      jobIds.map((id) => ({
        query: operations.job,
        variables: { id: encodeGlobalId('Job', id) },
      })),
  },
  users: {
    title: '20 users with 5 jobs each, with metadata',
    requests: () => [{ query: operations.userList, variables: {} }],
  },
  statistics: {
    title: 'Statistics of a month',
    requests: () => [
      {
        query: operations.statistics,
        variables: { from: '2026-04-01T00:00:00.000Z', to: '2026-05-01T00:00:00.000Z' },
      },
    ],
  },
  search: {
    title: 'Search',
    // Few enough for all to be ranked, which the others do with any number.
    requests: () => [
      {
        query: operations.search,
        variables: { query: 'encrypted backups june interview', first: 20 },
      },
    ],
  },
  mixed: {
    title: '20 jobs, and one write in ten requests',
    requests: ({ users }) =>
      users.flatMap(({ id, email }) => [
        { query: operations.updateUser, variables: { id: encodeGlobalId('User', id), email } },
        ...Array.from({ length: 9 }, () => jobList(20)),
      ]),
  },
} as const satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof workloads;
