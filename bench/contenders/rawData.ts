import { byLimit, type RawDatabase } from './rawDatabase.ts';
import {
  auditLogColumns,
  auditLogOf,
  formsOf,
  joinFirstJobs,
  keyList,
  searchText,
  searchValues,
  statisticsText,
  updateUserText,
} from './statements.ts';
import { type JobGroup, statisticsOf } from './statistics.ts';

/** Rows have the names of the fields, so that most need no resolver. */
export interface JobRow {
  id: string;
  userId: number;
  originalFilename: string;
  model: string;
  status: string;
  createdAt: string;
  durationSeconds: number | null;
}

export interface UserRow {
  id: number;
  username: string;
  email: string;
}

export interface MetadataRow {
  jobId: string;
  language: string | null;
  tokens: number | null;
  wordsPerMinute: number | null;
}

const columns = `job.id, job.user_id AS "userId", job.original_filename AS "originalFilename", job.model,
  job.status, job.created_at AS "createdAt", job.duration_seconds AS "durationSeconds"`;

/** A statement for each table, with the rows of many keys at once. */
export function rawData(db: RawDatabase) {
  const { isAnyOf } = formsOf(db);
  const jobPage = byLimit((limit) =>
    db.objects<JobRow>(
      `SELECT ${columns} FROM jobs AS job ORDER BY job.created_at DESC, job.id DESC LIMIT ${limit}`,
    ),
  );
  const job = db.objects<JobRow>(`SELECT ${columns} FROM jobs AS job WHERE job.id = ?`);
  const userPage = byLimit((limit) =>
    db.objects<UserRow>(
      `SELECT id, username, email FROM users ORDER BY created_at DESC, id DESC LIMIT ${limit}`,
    ),
  );
  const users = db.objects<UserRow>(
    `SELECT id, username, email FROM users WHERE ${isAnyOf('id', 'int')}`,
  );
  const metadata = db.objects<MetadataRow>(
    `SELECT job_id AS "jobId", language, tokens, wpm AS "wordsPerMinute" FROM metadata
      WHERE ${isAnyOf('job_id', 'text')}`,
  );
  const userKeys = db.kind === 'sqlite' ? 'json_each(?) AS k' : 'unnest(?::int[]) AS k(value)';
  const userJobs = byLimit((limit) =>
    db.objects<JobRow>(
      `SELECT ${columns} FROM ${userKeys} ${joinFirstJobs(db, 'CROSS', 'k.value', limit)}
        ORDER BY job.created_at DESC, job.id DESC`,
    ),
  );
  const groups = db.objects<JobGroup>(statisticsText(db.kind));
  const matches = byLimit((limit) =>
    db.objects<JobRow & { score: number }>(searchText(db.kind, columns, limit)),
  );
  const update = db.logged<[number, string, string]>(
    updateUserText,
    `INSERT INTO audit_logs (${auditLogColumns.join(', ')}) VALUES (${auditLogColumns.map(() => '?').join(', ')})`,
  );
  return {
    jobPage: (limit: number) => jobPage(limit)(),
    jobById: async (id: string) => (await job(id))[0] ?? null,
    userPage: (limit: number) => userPage(limit)(),
    usersByIds: (ids: readonly number[]) => users(keyList(db, ids)),
    metadataByJobIds: (ids: readonly string[]) => metadata(keyList(db, ids)),
    jobsByUserIds: (ids: readonly number[], limit: number) => userJobs(limit)(keyList(db, ids)),
    statistics: async (from: unknown, to: unknown) => statisticsOf(await groups(from, to)),
    search: (query: string, limit: number) => matches(limit)(...searchValues(db.kind, query)),
    async updateUser(id: number, email: string): Promise<UserRow | null> {
      const [row] = await update(email, id, ...auditLogOf(id));
      return row ? { id: row[0], username: row[1], email: row[2] } : null;
    },
  };
}

export type RawData = ReturnType<typeof rawData>;
