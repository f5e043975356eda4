import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillDemo, isFilled } from '../seed/fill.ts';
import { connect } from '../src/db/client.ts';
import { type DatabaseKind, databases, type TestDatabase } from './harness/databases.ts';

const OPTIONS = {
  users: 12,
  jobs: 300,
  now: new Date('2026-06-01T12:00:00Z'),
  hashedPassword: '-',
};

const idsOf = async (db: Knex, sql: string): Promise<string[]> => {
  const answer = await db.raw(sql);
  const rows: { id: string }[] = Array.isArray(answer) ? answer : answer.rows;
  return rows.map(({ id }) => id);
};

/** Indexes and triggers, which a fill sets aside. */
const definitions = (db: Knex, { name }: DatabaseKind): Promise<string[]> =>
  idsOf(
    db,
    name === 'SQLite'
      ? `SELECT sql AS id FROM sqlite_schema
          WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name`
      : `SELECT indexdef AS id FROM pg_indexes WHERE schemaname = 'public'
          UNION ALL SELECT tgname || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1`,
  );

/** What the search knows of each job. */
const searchable = (db: Knex, { name }: DatabaseKind): Promise<string[]> =>
  idsOf(
    db,
    name === 'SQLite'
      ? `SELECT job_id || json_group_array(json_array(term, col, offset)) AS id
           FROM (SELECT * FROM job_search_terms ORDER BY doc, term, col, offset)
           JOIN job_search_keys AS keys ON keys.id = doc GROUP BY job_id ORDER BY job_id`
      : // The words and not their places: the fill writes one text, the triggers four.
        `SELECT job_id || ' ' || tsvector_to_array(document)::text AS id FROM job_search ORDER BY job_id`,
  );

describe.each(databases)('demo data on $name', (kind) => {
  let database: TestDatabase;
  let db: Knex;
  let before: string[];

  beforeAll(async () => {
    database = await kind.create();
    db = connect({ address: database.address, poolSize: 2 });
    before = await definitions(db, kind);
    expect(await isFilled(db)).toBe(false);
    await fillDemo(db, OPTIONS);
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  test('has as many jobs as were asked for, and the database is filled then', async () => {
    expect(await idsOf(db, 'SELECT count(*) AS id FROM jobs')).toEqual([300]);
    expect(await isFilled(db)).toBe(true);
  });

  test('leaves indexes and triggers as they were', async () => {
    expect(await definitions(db, kind)).toEqual(before);
  });

  test('can be found as if it had come a row at a time', async () => {
    if (kind.name === 'SQLite') {
      await db.raw(
        "CREATE VIRTUAL TABLE job_search_terms USING fts5vocab('job_search', 'instance')",
      );
    }
    const written = await searchable(db, kind);
    expect(written).toHaveLength(300);
    await db('jobs').update({ original_filename: db.ref('original_filename') });
    await db('metadata').update({ abstract: db.ref('abstract') });
    expect(await searchable(db, kind)).toEqual(written);
  });

  test('that can not be made leaves nothing', async () => {
    const other = await kind.create();
    const empty = connect({ address: other.address, poolSize: 2 });
    const onProgress = (): void => {
      throw new Error('cut off');
    };
    try {
      await expect(fillDemo(empty, { ...OPTIONS, onProgress })).rejects.toThrow('cut off');
      expect(await isFilled(empty)).toBe(false);
      expect(await idsOf(empty, 'SELECT count(*) AS id FROM users')).toEqual([0]);
      expect(await definitions(empty, kind)).toEqual(before);
    } finally {
      await empty.destroy();
      await other.drop();
    }
  });
});
