import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { fillDemo } from '../../seed/fill.ts';
import { hashPassword } from '../../src/auth/passwords.ts';
import type { DatabaseAddress } from '../../src/config.ts';
import { connect } from '../../src/db/client.ts';
import { withIndexesSetAside } from '../../src/db/indexesSetAside.ts';
import { migrate } from '../../src/db/migrate.ts';
import { foldDifferences, recountAll } from '../../src/db/rollups.ts';
import { startPostgres } from '../../test/harness/embeddedPostgres.ts';

export type DatabaseKind = DatabaseAddress['kind'];

/** Built once and kept, since the largest takes a quarter of an hour. */
const directory = join(tmpdir(), 'whisper-growth');

const USERS = 1000;

/** The data leads up to it. */
export const NOW = new Date('2026-03-01T12:00:00Z');

/** Of the jobs, so many have segments. */
const SEGMENTED = 1 / 40;

/** Of the jobs, so many wait for a worker. */
const WAITING = 1 / 100;

const written = (count: number): string => count.toLocaleString('en');

/** A line as long as the share of the whole service's: the claim must not notice. */
async function lengthenQueue(db: Knex, jobs: number): Promise<void> {
  const oldest = db('jobs')
    .select('id')
    .orderBy('created_at')
    .limit(jobs * WAITING);
  await db('jobs')
    .whereIn('id', oldest)
    .update({ status: 'queued', started_at: null, finished_at: null, run_after: null, attempt: 0 });
}

/** Made one by one, more would take PostgreSQL the better part of an hour. */
const MADE_SINGLY = 200_000;

/** Adds so many copies of all jobs and what belongs to them: the same but for their ids. */
async function addCopies(db: Knex, copies: number): Promise<void> {
  await db.transaction(async (transaction) => {
    // Neither triggers nor keys: the copies of what is right are right.
    await transaction.raw('SET LOCAL session_replication_role = replica');
    await withIndexesSetAside(transaction, async () => {
      for (const table of ['jobs', 'metadata', 'job_search', 'segments', 'audit_logs']) {
        const isNumbered = table === 'segments' || table === 'audit_logs';
        // What each row gets by itself: its number, and the words of a segment.
        const own = isNumbered ? ['id', 'document'] : ['number'];
        const columns = Object.keys(await transaction(table).columnInfo()).filter(
          (column) => !own.includes(column),
        );
        const copied = columns.map((column) =>
          column === 'job_id' || column === 'id'
            ? `substr(${column}, 1, 34) || 'x' || copy`
            : column,
        );
        await transaction.raw(
          `INSERT INTO ${table} (${columns.join(', ')})
             SELECT ${copied.join(', ')} FROM ${table}, generate_series(1, ${copies}) AS copy`,
        );
        process.stderr.write(`copied ${table}\n`);
      }
    });
  });
}

async function fill(address: DatabaseAddress, jobs: number): Promise<void> {
  const db = connect({ address, poolSize: 2 });
  try {
    const startedAt = performance.now();
    const made = address.kind === 'postgres' ? Math.min(jobs, MADE_SINGLY) : jobs;
    await migrate(db, address);
    // One transaction writes it all: what does not fit would be read back from the log, page by page.
    if (address.kind === 'sqlite') await db.raw('PRAGMA cache_size = -4000000');
    await fillDemo(db, {
      users: USERS,
      jobs: made,
      now: NOW,
      hashedPassword: await hashPassword('growth'),
      jobsWithSegments: made * SEGMENTED,
      onProgress: (done) => process.stderr.write(`\r${written(done)} of ${written(jobs)} jobs`),
    });
    if (jobs > made) await addCopies(db, jobs / made - 1);
    // The copies were counted by no trigger.
    if (jobs > made) await recountAll(db);
    await lengthenQueue(db, jobs);
    await foldDifferences(db);
    await db.raw(address.kind === 'sqlite' ? 'PRAGMA wal_checkpoint(TRUNCATE)' : 'VACUUM ANALYZE');
    const seconds = (performance.now() - startedAt) / 1000;
    process.stderr.write(`\r${address.kind}, ${written(jobs)} jobs: ${seconds.toFixed(0)} s\n`);
  } finally {
    await db.destroy();
  }
}

/** Brings a database that was kept to this version. */
async function migrateKept(address: DatabaseAddress): Promise<DatabaseAddress> {
  const db = connect({ address, poolSize: 2 });
  try {
    const names = await migrate(db, address);
    if (names.length > 0) {
      process.stderr.write(`${address.kind}: migrated to ${names.at(-1)}\n`);
      await db.raw(
        address.kind === 'sqlite' ? 'PRAGMA wal_checkpoint(TRUNCATE)' : 'VACUUM ANALYZE',
      );
    }
    return address;
  } finally {
    await db.destroy();
  }
}

async function sqliteAddress(jobs: number): Promise<DatabaseAddress> {
  await mkdir(directory, { recursive: true });
  const filename = join(directory, `${jobs}.sqlite`);
  if (existsSync(filename)) return migrateKept({ kind: 'sqlite', filename });
  const begun = join(directory, 'begun.sqlite');
  for (const ending of ['', '-wal', '-shm', '-migrating']) {
    await rm(begun + ending, { force: true });
  }
  await fill({ kind: 'sqlite', filename: begun }, jobs);
  await rename(begun, filename);
  return { kind: 'sqlite', filename };
}

async function startedPostgres() {
  await mkdir(directory, { recursive: true });
  // PostgreSQL may run as a user of its own, who has to get to its folder.
  await chmod(directory, 0o777);
  return startPostgres(join(directory, 'postgres'));
}

async function postgresAddress(url: string, jobs: number): Promise<DatabaseAddress> {
  const name = `jobs_${jobs}`;
  const address: DatabaseAddress = { kind: 'postgres', url: `${url}/${name}` };
  const server = connect({ address: { kind: 'postgres', url: `${url}/postgres` }, poolSize: 1 });
  try {
    const isKept = (await server('pg_database').where({ datname: name })).length > 0;
    if (isKept) return await migrateKept(address);
    await server.raw('DROP DATABASE IF EXISTS begun');
    await server.raw('CREATE DATABASE begun');
    await fill({ kind: 'postgres', url: `${url}/begun` }, jobs);
    await server.raw(`ALTER DATABASE begun RENAME TO ${name}`);
    return address;
  } finally {
    await server.destroy();
  }
}

export interface OpenedDatabases {
  /** In the order of the sizes. */
  addresses: DatabaseAddress[];
  close(): Promise<void>;
}

/** The databases of a kind, which are made where they are not there. */
export async function openDatabases(
  kind: DatabaseKind,
  sizes: readonly number[],
): Promise<OpenedDatabases> {
  const addresses: DatabaseAddress[] = [];
  if (kind === 'sqlite') {
    for (const jobs of sizes) addresses.push(await sqliteAddress(jobs));
    return { addresses, close: async () => {} };
  }
  const { url, stop } = await startedPostgres();
  for (const jobs of sizes) addresses.push(await postgresAddress(url, jobs));
  return { addresses, close: stop };
}
