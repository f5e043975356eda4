import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { fillDemo } from '../seed/fill.ts';
import { createProgress } from '../seed/progress.ts';
import type { DatabaseAddress } from '../src/config.ts';
import { connect } from '../src/db/client.ts';
import { migrate } from '../src/db/migrate.ts';
import { startPostgres } from '../test/harness/embeddedPostgres.ts';

export const databaseKinds = ['sqlite', 'postgres'] as const;

export type DatabaseKind = (typeof databaseKinds)[number];

export interface DatabaseSize {
  users: number;
  jobs: number;
}

export interface BenchDatabase {
  address: DatabaseAddress;
  /** The URL that the product takes. */
  url: string;
  drop(): Promise<void>;
}

/** The data leads up to it. It is always the same, so that all that is kept fits together. */
const NOW = new Date('2026-06-01T00:00:00Z');

const root = new URL('../', import.meta.url).pathname;

/** What the data is made by: other rows or tables are other data. */
function digestOfSources(): string {
  const hash = createHash('sha256').update(NOW.toISOString());
  for (const path of globSync(['migrations/*.ts', 'seed/*.ts'], { cwd: root }).sort()) {
    hash.update(path).update(readFileSync(join(root, path)));
  }
  return hash.digest('hex').slice(0, 12);
}

/** Opens what is in the folder; where nothing is, an empty database. */
async function open(kind: DatabaseKind, directory: string): Promise<BenchDatabase> {
  if (kind === 'sqlite') {
    const filename = join(directory, 'bench.sqlite');
    return { address: { kind, filename }, url: `sqlite:${filename}`, async drop() {} };
  }
  const server = await startPostgres(join(directory, 'postgres'));
  const url = `${server.url}/postgres`;
  return { address: { kind, url }, url, drop: server.stop };
}

/** Leaves nothing for later that the database would do by itself, in the middle of a round. */
async function settle(db: Knex, kind: DatabaseKind): Promise<void> {
  if (kind === 'sqlite') await db.raw('PRAGMA wal_checkpoint(TRUNCATE)');
  else {
    await db.raw('VACUUM (ANALYZE)');
    await db.raw('CHECKPOINT');
  }
}

async function make(kind: DatabaseKind, directory: string, size: DatabaseSize): Promise<void> {
  const database = await open(kind, directory);
  const db = connect({ address: database.address, poolSize: 1 });
  try {
    await migrate(db, database.address);
    const progress = createProgress(`Making ${size.jobs} jobs on ${kind}`, size.jobs);
    await fillDemo(db, {
      ...size,
      now: NOW,
      // No password has it: the benchmark signs its own token.
      hashedPassword: 'none',
      onProgress: progress.update,
    });
    progress.stop();
    await settle(db, kind);
  } finally {
    await db.destroy();
    await database.drop();
  }
}

/** PostgreSQL may run as a user of its own, who has to get to its folder. */
function makeFolder(prefix: string): string {
  const directory = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(directory, 0o755);
  return directory;
}

/** The folder with the data, which is made once and kept. */
async function keptFolder(kind: DatabaseKind, size: DatabaseSize): Promise<string> {
  const name = `whisper-bench-${kind}-${size.users}-${size.jobs}-${digestOfSources()}`;
  const kept = join(tmpdir(), name);
  if (existsSync(kept)) return kept;
  const directory = makeFolder(`${name}-making-`);
  try {
    await make(kind, directory, size);
    // Whole or not there, even where two make it at the same time.
    await rename(directory, kept);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    if (!existsSync(kept)) throw error;
  }
  return kept;
}

const RUN = 'whisper-bench-run-';

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Runs that were cut off leave their copy behind. A server of PostgreSQL ends when its folder is gone. */
async function removeLeftBehind(): Promise<void> {
  for (const name of globSync(`${RUN}*`, { cwd: tmpdir() })) {
    const pid = Number(name.slice(RUN.length).split('-')[0]);
    if (!isAlive(pid)) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** A database of its own for a run, with the data of this size. */
export async function openDatabase(kind: DatabaseKind, size: DatabaseSize): Promise<BenchDatabase> {
  await removeLeftBehind();
  const kept = await keptFolder(kind, size);
  const directory = makeFolder(`${RUN}${process.pid}-`);
  // The files of PostgreSQL stay its user's, which only `cp` can do.
  execFileSync('cp', ['-a', `${kept}/.`, directory]);
  const database = await open(kind, directory);
  return {
    ...database,
    async drop() {
      await database.drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
