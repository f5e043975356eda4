import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import type { DatabaseAddress } from '../../src/config.ts';
import { POSTGRES_TEMPLATE } from './postgres.ts';

export interface TestDatabase {
  address: DatabaseAddress;
  drop(): Promise<void>;
}

export interface DatabaseKind {
  name: 'SQLite' | 'PostgreSQL';
  /** A database of its own for a test: migrated, unless `empty`. */
  create(options?: { empty?: boolean }): Promise<TestDatabase>;
}

async function createSqlite({ empty = false } = {}): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'whisper-sqlite-'));
  const filename = join(directory, 'test.sqlite');
  if (!empty) await copyFile(inject('sqliteTemplate'), filename);
  return {
    address: { kind: 'sqlite', filename },
    drop: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Runs a statement in no database of a test. */
export async function onServer(sql: string): Promise<void> {
  const client = new pg.Client(`${inject('postgresUrl')}/postgres`);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function createPostgres({ empty = false } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${empty ? 'template0' : POSTGRES_TEMPLATE}`);
  return {
    address: { kind: 'postgres', url: `${inject('postgresUrl')}/${name}` },
    drop: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** `describe.each(databases)('… on $name', …)`: every test runs on both. */
export const databases: DatabaseKind[] = [
  { name: 'SQLite', create: createSqlite },
  { name: 'PostgreSQL', create: createPostgres },
];
