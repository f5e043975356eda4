import type { Database } from 'better-sqlite3';
import createKnex, { type Knex } from 'knex';
import type { DatabaseAddress } from '../../src/config.ts';
import { localId } from './globalId.ts';
import { POOL_SIZE, setPragmas } from './rawDatabase.ts';
import type { SearchArguments, UpdateUserArguments } from './resolvers.ts';
import {
  auditLogColumns,
  auditLogOf,
  searchText,
  searchValues,
  statisticsText,
} from './statements.ts';
import { type JobGroup, statisticsOf } from './statistics.ts';

export interface JobRow {
  id: string;
  user_id: number;
  original_filename: string;
  model: string;
  status: string;
  created_at: string | Date;
  duration_seconds: number | null;
}

export interface UserRow {
  id: number;
  username: string;
  email: string;
}

export interface MetadataRow {
  job_id: string;
  language: string | null;
  tokens: number | null;
  wpm: number | null;
}

export const jobColumns = [
  'id',
  'user_id',
  'original_filename',
  'model',
  'status',
  'created_at',
  'duration_seconds',
];
export const userColumns = ['id', 'username', 'email'];
export const metadataColumns = ['job_id', 'language', 'tokens', 'wpm'];

/** Knex as its documentation has it, with the settings of the product. */
export function openKnex(address: DatabaseAddress): Knex {
  if (address.kind === 'postgres') {
    return createKnex({
      client: 'pg',
      connection: { connectionString: address.url, options: '-c TimeZone=UTC' },
      pool: { min: 0, max: POOL_SIZE },
    });
  }
  return createKnex({
    client: 'better-sqlite3',
    connection: { filename: address.filename },
    useNullAsDefault: true,
    pool: {
      afterCreate(database: Database, done: (error: Error | null, database: Database) => void) {
        setPragmas(database);
        done(null, database);
      },
    },
  });
}

const kindOf = (knex: Knex): DatabaseAddress['kind'] =>
  knex.client.driverName === 'better-sqlite3' ? 'sqlite' : 'postgres';

/** The drivers answer raw statements in two shapes, and PostgreSQL counts beyond what a number holds. */
async function rowsOf<Row>(query: Knex.Raw): Promise<Row[]> {
  const answer: Row[] | { rows: Row[] } = await query;
  return Array.isArray(answer) ? answer : answer.rows;
}

export const findJobs = (knex: Knex, first: number): Promise<JobRow[]> =>
  knex('jobs')
    .select(jobColumns)
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(first);

export const findJob = (knex: Knex, id: string): Promise<JobRow | undefined> =>
  knex('jobs').select(jobColumns).where({ id }).first();

export const findUsers = (knex: Knex, first: number): Promise<UserRow[]> =>
  knex('users')
    .select(userColumns)
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(first);

export async function findStatistics(knex: Knex, from: string, to: string) {
  const groups = await rowsOf<JobGroup>(knex.raw(statisticsText(kindOf(knex)), [from, to]));
  return statisticsOf(groups.map((group) => ({ ...group, count: Number(group.count) })));
}

export function searchJobs(
  knex: Knex,
  { query, first }: SearchArguments,
): Promise<(JobRow & { score: number })[]> {
  const kind = kindOf(knex);
  const columns = jobColumns.map((column) => `job.${column}`).join(', ');
  return rowsOf(knex.raw(searchText(kind, columns, first), searchValues(kind, query)));
}

export async function updateUser(knex: Knex, { input }: UpdateUserArguments): Promise<UserRow> {
  const id = Number(localId(input.id));
  return knex.transaction(async (transaction) => {
    const [user] = await transaction('users')
      .where({ id })
      .update({ email: input.email })
      .returning(userColumns);
    const entry = auditLogOf(id);
    await transaction('audit_logs').insert(
      Object.fromEntries(auditLogColumns.map((column, index) => [column, entry[index]])),
    );
    return user;
  });
}
