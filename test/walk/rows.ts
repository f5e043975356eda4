import type { Knex } from 'knex';
import { connect } from '../../src/db/client.ts';
import { withIndexesSetAside } from '../../src/db/indexesSetAside.ts';
import { recountAll } from '../../src/db/rollups.ts';
import type { DatabaseKind, TestDatabase } from '../harness/databases.ts';
import { globalId } from '../harness/given.ts';

/** How many users the base has; what is added is a multiple of it. */
const USERS = 400;

/** Jobs and entries a user, and segments a job: more than the walk asks for, so more change nothing. */
const EACH = 4;
const JOBS = USERS * EACH;

/** The user, the job and so on that the walk's variables name. All lists of the viewer have 60 entries. */
const LONGEST = 60;

const isSqlite = (db: Knex): boolean => db.client.driverName === 'better-sqlite3';

/** The numbers from 1 on, as a table `n(i)`. */
const numbers = (count: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

/** `year` and some minutes, as text that both databases take for a time. */
function time(db: Knex, year: number, minute: string): string {
  const padded = (value: string): string =>
    isSqlite(db) ? `substr('0' || (${value}), -2)` : `lpad((${value})::text, 2, '0')`;
  const text = `'${year}-' || ${padded(`1 + (${minute}) / 40320 % 12`)} || '-' || ${padded(
    `1 + (${minute}) / 1440 % 28`,
  )} || 'T' || ${padded(`(${minute}) / 60 % 24`)} || ':' || ${padded(`(${minute}) % 60`)} || ':00.000Z'`;
  return isSqlite(db) ? text : `(${text})::timestamptz`;
}

interface UserRows {
  count: number;
  firstId: number;
  year: number;
}

async function addUsers(db: Knex, { count, firstId, year }: UserRows): Promise<void> {
  const id = `(i + ${firstId - 1})`;
  const [yes, no] = isSqlite(db) ? ['1', '0'] : ['true', 'false'];
  await db.raw(`INSERT INTO users (id, username, email, hashed_password, role, must_change_password,
      created_at, last_login, is_active)
    ${numbers(count)} SELECT ${id}, 'member' || ${id}, 'member' || ${id} || '@example.org', '-', 'user', ${no},
      ${time(db, year, 'i')}, ${time(db, year, 'i')}, ${yes} FROM n`);
}

interface JobRows {
  count: number;
  prefix: string;
  year: number;
  /** SQL of the owner's id. */
  owner: string;
  filename: string;
  seconds: number;
}

async function addJobs(db: Knex, rows: JobRows): Promise<void> {
  const { count, prefix, year, owner, filename, seconds } = rows;
  const id = `'${prefix}-' || i`;
  await db.raw(`INSERT INTO jobs (id, user_id, original_filename, saved_filename, model, status, created_at,
      updated_at, started_at, finished_at, processing_time_seconds, file_size_bytes, duration_seconds)
    ${numbers(count)} SELECT ${id}, ${owner}, '${filename}-' || i || '.mp3', ${id}, 'small', 'completed',
      ${time(db, year, 'i')}, ${time(db, year, 'i')}, ${time(db, year, 'i')}, ${time(db, year, 'i')},
      i % ${seconds}, i % ${seconds}, i % ${seconds} FROM n`);
  await db.raw(`INSERT INTO metadata (job_id, tokens, duration, language, generated_at, keywords)
    ${numbers(count)} SELECT ${id}, i % 1000, i % ${seconds}, 'en', ${time(db, year, 'i')}, 'a, b' FROM n`);
}

interface SegmentRows {
  jobs: number;
  prefix: string;
  perJob: number;
  firstPosition: number;
  word: string;
}

async function addSegments(db: Knex, rows: SegmentRows): Promise<void> {
  const { jobs, prefix, perJob, firstPosition, word } = rows;
  const position = `${firstPosition} + (i - 1) % ${perJob}`;
  await db.raw(`INSERT INTO segments (job_id, position, start_seconds, end_seconds, text)
    ${numbers(jobs * perJob)} SELECT '${prefix}-' || (1 + (i - 1) / ${perJob}), ${position}, ${position},
      ${position} + 1, CASE WHEN (i - 1) % ${perJob} = 0 THEN '${word} ' ELSE '' END || 'and so on' FROM n`);
}

interface AuditLogRows {
  count: number;
  year: number;
  user: string;
}

async function addAuditLogs(db: Knex, { count, year, user }: AuditLogRows): Promise<void> {
  await db.raw(`INSERT INTO audit_logs (timestamp, event_type, severity, user_id, client_ip, endpoint, method)
    ${numbers(count)} SELECT ${time(db, year, 'i')}, 'login_succeeded', 'info', ${user}, '192.0.2.1', 'Login',
      'POST' FROM n`);
}

/** The few rows that the walk's filters find: fewer than a page. */
async function markRareRows(db: Knex): Promise<void> {
  const rareTime = '2026-01-01T12:00:00.000Z';
  await db('users')
    .whereIn('id', [2, 3])
    .update({ role: 'admin', is_active: false, created_at: rareTime, last_login: rareTime });
  for (const id of [2, 3])
    await db('users')
      .where({ id })
      .update({ username: `walker${id}` });
  await db('jobs').whereIn('id', ['b-1', 'b-2']).update({
    user_id: 1,
    status: 'enriching',
    model: 'rare',
    created_at: rareTime,
    duration_seconds: 200_000,
    file_size_bytes: 200_000_000,
  });
  await db('audit_logs').whereIn('id', [1, 2]).update({
    user_id: 1,
    endpoint: 'Rare',
    client_ip: '203.0.113.1',
    event_type: 'rare',
    severity: 'critical',
    timestamp: rareTime,
  });
}

/** What the walk asks for, and what it must find: the newest rows, the 60 newest with 60 users. */
async function addBase(db: Knex): Promise<void> {
  const spread = `1 + i % ${USERS}`;
  await addUsers(db, { count: USERS, firstId: 1, year: 2025 });
  await addJobs(db, {
    count: JOBS,
    prefix: 'b',
    year: 2025,
    owner: spread,
    filename: 'walk',
    seconds: 5000,
  });
  await addJobs(db, {
    count: LONGEST,
    prefix: 'd',
    year: 2024,
    owner: '1',
    filename: 'own',
    seconds: 5000,
  });
  await addSegments(db, { jobs: JOBS, prefix: 'b', perJob: EACH, firstPosition: 0, word: 'walk' });
  await addSegments(db, {
    jobs: LONGEST,
    prefix: 'd',
    perJob: EACH,
    firstPosition: 0,
    word: 'own',
  });
  await addSegments(db, {
    jobs: 1,
    prefix: 'b',
    perJob: LONGEST,
    firstPosition: EACH,
    word: 'own',
  });
  await addAuditLogs(db, { count: JOBS, year: 2025, user: spread });
  await addAuditLogs(db, { count: LONGEST, year: 2024, user: '1' });
  await markRareRows(db);
  await db('users').where({ id: 1 }).update({ username: 'viewer', role: 'admin' });
}

/**
 * So many times as many rows, none of which the walk asks for: older jobs, of other users and of the
 * same; later segments of the same jobs; older users and entries of the audit log.
 */
async function addUnasked(db: Knex, times: number): Promise<void> {
  const [users, jobs] = [USERS * (times - 1), JOBS * (times - 1)];
  if (jobs === 0) return;
  // The even ones belong to the base's users, the odd ones to the added users.
  const owner = `CASE WHEN i % 2 = 0 THEN 1 + i / 2 % ${USERS} ELSE ${USERS} + 1 + i % ${users} END`;
  const rows = { year: 2019, filename: 'other', seconds: 4000 };
  const perJob = times - 1;
  await db.transaction(async (transaction) => {
    const fill = async (): Promise<void> => {
      await addUsers(transaction, { count: users, firstId: USERS + 1, year: 2019 });
      await addJobs(transaction, { ...rows, count: jobs, prefix: 'f', owner });
      const others = { jobs: JOBS, prefix: 'b', perJob, firstPosition: 1000, word: 'other' };
      await addSegments(transaction, others);
      await addAuditLogs(transaction, { count: jobs, year: 2019, user: owner });
    };
    await withoutSearch(transaction, () => withIndexesSetAside(transaction, fill));
    await recountAll(transaction);
  });
}

/** Fills with all triggers off, which is faster: what is added is not to be found, and counted at the end. */
async function withoutSearch(
  transaction: Knex.Transaction,
  fill: () => Promise<void>,
): Promise<void> {
  const triggers = await (isSqlite(transaction)
    ? sqliteTriggers(transaction)
    : ['jobs', 'metadata'].map((table) => ({
        off: `ALTER TABLE ${table} DISABLE TRIGGER USER`,
        on: `ALTER TABLE ${table} ENABLE TRIGGER USER`,
      })));
  for (const { off } of triggers) await transaction.raw(off);
  await fill();
  for (const { on } of triggers) await transaction.raw(on);
}

async function sqliteTriggers(db: Knex): Promise<{ off: string; on: string }[]> {
  const rows: { name: string; sql: string }[] = await db('sqlite_master')
    .select('name', 'sql')
    .where('type', 'trigger');
  return rows.map(({ name, sql }) => ({ off: `DROP TRIGGER ${name}`, on: sql }));
}

export async function walkFill(db: Knex, times: number): Promise<void> {
  await addBase(db);
  await addUnasked(db, times);
  if (isSqlite(db)) {
    await db.raw('ANALYZE');
    await db.raw('PRAGMA wal_checkpoint(TRUNCATE)');
  } else await db.raw('VACUUM ANALYZE');
}

/** A database for the walk, with so many times as many rows as it asks for, analyzed. */
export async function walkDatabase(kind: DatabaseKind, times: number): Promise<TestDatabase> {
  const database = await kind.create();
  const db = connect({ address: database.address, poolSize: 1 });
  try {
    await walkFill(db, times);
    return database;
  } finally {
    await db.destroy();
  }
}

/** Values for the walk's variables: `size` rows wherever rows are asked for. */
export async function variablesFor(db: Knex, size: number): Promise<Record<string, unknown>> {
  const segments: { id: number }[] = await db('segments')
    .select('id')
    .where('job_id', 'like', 'b-%')
    .where('position', 0)
    .orderBy('id')
    .limit(size);
  const ids = Array.from({ length: size }, (_, index) => index + 1);
  return {
    size,
    user: globalId('User', 1),
    job: globalId('Job', 'b-1'),
    metadata: globalId('Metadata', 'b-1'),
    segment: globalId('Segment', segments[0]?.id ?? 0),
    auditLog: globalId('AuditLog', 1),
    users: ids.map((id) => globalId('User', id)),
    jobs: ids.map((id) => globalId('Job', `b-${id}`)),
    metadatas: ids.map((id) => globalId('Metadata', `b-${id}`)),
    segments: segments.map(({ id }) => globalId('Segment', id)),
    auditLogs: ids.map((id) => globalId('AuditLog', id)),
  };
}
