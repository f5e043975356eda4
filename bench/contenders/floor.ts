import type { DatabaseAddress } from '../../src/config.ts';
import { operations } from '../workloads.ts';
import { globalId, localId } from './globalId.ts';
import { type Answer, jsonServer } from './jsonServer.ts';
import { listen } from './listen.ts';
import { byLimit, openRaw } from './rawDatabase.ts';
import {
  auditLogColumns,
  auditLogOf,
  joinFirstJobs,
  searchText,
  searchValues,
  statisticsText,
  updateUserText,
} from './statements.ts';
import { type JobGroup, statisticsOf } from './statistics.ts';

/** What `jobColumns` reads: a job, its user and its metadata. */
type JobRow = [
  id: string,
  originalFilename: string,
  model: string,
  status: string,
  createdAt: string,
  durationSeconds: number | null,
  userId: number | null,
  username: string,
  metadataOf: string | null,
  language: string | null,
  tokens: number | null,
  wordsPerMinute: number | null,
];

const jobs = `SELECT job.id, job.original_filename, job.model, job.status, job.created_at, job.duration_seconds,
    users.id, users.username, metadata.job_id, metadata.language, metadata.tokens, metadata.wpm
  FROM jobs AS job LEFT JOIN users ON users.id = job.user_id LEFT JOIN metadata ON metadata.job_id = job.id`;

const jobOf = (row: JobRow) => ({
  id: globalId('Job', row[0]),
  originalFilename: row[1],
  model: row[2],
  status: row[3].toUpperCase(),
  createdAt: row[4],
  durationSeconds: row[5],
  user: row[6] === null ? null : { id: globalId('User', row[6]), username: row[7] },
  metadata: row[8] === null ? null : { language: row[9], tokens: row[10], wordsPerMinute: row[11] },
});

type UserJobRow = [
  userId: number,
  username: string,
  id: string | null,
  originalFilename: string,
  status: string,
  createdAt: string,
  metadataOf: string | null,
  language: string | null,
  tokens: number | null,
];

const userJobOf = (row: UserJobRow) => ({
  node: {
    id: globalId('Job', row[2] ?? ''),
    originalFilename: row[3],
    status: row[4].toUpperCase(),
    createdAt: row[5],
    metadata: row[6] === null ? null : { language: row[7], tokens: row[8] },
  },
});

type Edge = ReturnType<typeof userJobOf>;

/** The rows of a user follow each other; a user without jobs has one row without. */
function usersOf(rows: readonly UserJobRow[]) {
  const users: { node: { id: string; username: string; jobs: { edges: Edge[] } } }[] = [];
  let userId = Number.NaN;
  let edges: Edge[] = [];
  for (const row of rows) {
    if (row[0] !== userId) {
      userId = row[0];
      edges = [];
      users.push({ node: { id: globalId('User', userId), username: row[1], jobs: { edges } } });
    }
    if (row[2] !== null) edges.push(userJobOf(row));
  }
  return users;
}

type MatchRow = [
  score: number,
  id: string,
  originalFilename: string,
  status: string,
  createdAt: string,
];

const matchOf = (row: MatchRow) => ({
  node: {
    score: row[0],
    job: {
      id: globalId('Job', row[1]),
      originalFilename: row[2],
      status: row[3].toUpperCase(),
      createdAt: row[4],
    },
  },
});

type Field = (variables: Record<string, unknown>) => unknown;

/** A function for each operation that there is: nothing is parsed, checked or decided but which it is. */
function fieldsOf(address: DatabaseAddress): Record<string, Field> {
  const db = openRaw(address);
  const page = byLimit((limit) =>
    db.arrays<JobRow>(`${jobs} ORDER BY job.created_at DESC, job.id DESC LIMIT ${limit}`),
  );
  const one = db.arrays<JobRow>(`${jobs} WHERE job.id = ?`);
  const userPage = db.arrays<UserJobRow>(
    `SELECT page.id, page.username, job.id, job.original_filename, job.status, job.created_at,
        metadata.job_id, metadata.language, metadata.tokens
       FROM (SELECT * FROM users ORDER BY created_at DESC, id DESC LIMIT 20) AS page
       ${joinFirstJobs(db, 'LEFT', 'page.id', 5)} LEFT JOIN metadata ON metadata.job_id = job.id
      ORDER BY page.created_at DESC, page.id DESC, job.created_at DESC, job.id DESC`,
  );
  const groups = db.objects<JobGroup>(statisticsText(db.kind));
  const matches = byLimit((limit) =>
    db.arrays<MatchRow>(
      searchText(db.kind, 'job.id, job.original_filename, job.status, job.created_at', limit),
    ),
  );
  const update = db.logged<[number, string, string]>(
    updateUserText,
    `INSERT INTO audit_logs (${auditLogColumns.join(', ')}) VALUES (${auditLogColumns.map(() => '?').join(', ')})`,
  );
  return {
    [operations.jobList]: async ({ first }) => {
      const rows = await page(Number(first))();
      return { jobs: { edges: rows.map((row) => ({ node: jobOf(row) })) } };
    },
    [operations.job]: async ({ id }) => {
      const [row] = await one(localId(String(id)));
      return { job: row ? jobOf(row) : null };
    },
    [operations.userList]: async () => ({ users: { edges: usersOf(await userPage()) } }),
    [operations.statistics]: async ({ from, to }) => ({
      jobStatistics: statisticsOf(await groups(from, to), (status) => status.toUpperCase()),
    }),
    [operations.search]: async ({ query, first }) => {
      const rows = await matches(Number(first))(...searchValues(db.kind, String(query)));
      return { searchJobs: { edges: rows.map(matchOf) } };
    },
    [operations.updateUser]: async ({ id, email }) => {
      const userId = Number(localId(String(id)));
      const [row] = await update(email, userId, ...auditLogOf(userId));
      const data = row && { id: globalId('User', row[0]), username: row[1], email: row[2] };
      return { updateUser: { __typename: 'UpdateUserSuccess', data } };
    },
  };
}

export async function start(address: DatabaseAddress): Promise<string> {
  const fields = fieldsOf(address);
  const answer: Answer = async ({ query, variables }) => {
    const data = await fields[query]?.(variables);
    return JSON.stringify({ data });
  };
  return listen(jsonServer(answer));
}
