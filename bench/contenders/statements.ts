import { searchWords } from '../../src/db/highlight.ts';
import { postgres } from '../../src/db/postgres.ts';
import { sqlite } from '../../src/db/sqlite.ts';
import type { RawDatabase } from './rawDatabase.ts';

/** The key lists and limits per parent of the two databases. */
const forms = {
  sqlite: {
    isAnyOf: (column: string, _type: string) => `${column} IN (SELECT value FROM json_each(?))`,
    day: (column: string) => `substr(${column}, 1, 10)`,
  },
  postgres: {
    isAnyOf: (column: string, type: string) => `${column} = ANY(?::${type}[])`,
    day: (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')`,
  },
};

export const formsOf = ({ kind }: Pick<RawDatabase, 'kind'>) => forms[kind];

/** A list of keys as one parameter, so that the text never changes. */
export const keyList = ({ kind }: RawDatabase, keys: readonly (string | number)[]): unknown =>
  kind === 'sqlite' ? JSON.stringify(keys) : keys;

const newestJobs = (user: string, columns: string, limit: number): string =>
  `SELECT ${columns} FROM jobs WHERE user_id = ${user} ORDER BY created_at DESC, id DESC LIMIT ${limit}`;

/** The first jobs of each user as `job`, joined so that it stops early at each. */
export const joinFirstJobs = (
  { kind }: RawDatabase,
  join: 'LEFT' | 'CROSS',
  user: string,
  limit: number,
): string =>
  kind === 'sqlite'
    ? `${join} JOIN jobs AS job ON job.rowid IN (${newestJobs(user, 'rowid', limit)})`
    : `${join === 'LEFT' ? 'LEFT' : ''} JOIN LATERAL (${newestJobs(user, '*', limit)}) AS job ON true`;

/** What one month's figures are sums over. */
export const statisticsText = (kind: RawDatabase['kind']): string =>
  `SELECT status, model, ${forms[kind].day('created_at')} AS day, count(*) AS count,
          max(duration_seconds) AS longest
     FROM jobs WHERE created_at >= ? AND created_at < ? GROUP BY 1, 2, 3 ORDER BY 3, 2, 1`;

/** How well a job matches is for the product to say; all others ask the same, with all words in one query, as is usual. */
const ranked = (kind: RawDatabase['kind'], query: string) => {
  const search = { sqlite: sqlite.search, postgres: postgres.search }[kind];
  return search.rankedJobs(
    { words: search.query(searchWords(query)), halves: null, owner: null },
    false,
  );
};

export const searchValues = (kind: RawDatabase['kind'], query: string): string[] =>
  ranked(kind, query).bindings.map(String);

/** The columns are those of `job`. */
export const searchText = (kind: RawDatabase['kind'], columns: string, limit: number): string =>
  `SELECT found.score, ${columns.replaceAll('job.', 'jobs.')} FROM ${ranked(kind, '').sql}
    ORDER BY found.score DESC, found.job_id DESC LIMIT ${limit}`;

/** A change of a user and its entry in the audit log, as the product writes them. */
export const updateUserText =
  'UPDATE users SET email = ? WHERE id = ? RETURNING id, username, email';

export const auditLogColumns = [
  'timestamp',
  'event_type',
  'severity',
  'user_id',
  'username',
  'client_ip',
  'user_agent',
  'endpoint',
  'method',
  'status_code',
  'resource_type',
  'resource_id',
  'session_id',
  'details',
] as const;

/** In the order of the columns. */
export const auditLogOf = (userId: number): unknown[] => [
  new Date().toISOString(),
  'user_updated',
  'info',
  null,
  '',
  '127.0.0.1',
  null,
  'UpdateUser',
  'POST',
  200,
  'user',
  String(userId),
  null,
  'email',
];
