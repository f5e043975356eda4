import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { select } from '../../src/db/client.ts';
import { createSchema } from '../../src/schema/index.ts';
import { databases, type TestDatabase } from '../harness/databases.ts';
import { walkOperations } from './operations.ts';
import { offences, planted, type Sized, startWalkApi, workOffence } from './proof.ts';
import { walkDatabase } from './rows.ts';
import { workMeter } from './work.ts';

const DEPTH = 5;
const operations = walkOperations(createSchema(), DEPTH);

describe.each(databases)('work does not grow with rows not returned on $name', (kind) => {
  const created: TestDatabase[] = [];
  const sizes: Sized[] = [];

  beforeAll(async () => {
    for (const times of [1, 10, 100]) {
      const database = await walkDatabase(kind, times);
      created.push(database);
      const api = await startWalkApi(database);
      sizes.push({ times, api, meter: await workMeter(database.address), known: new Map() });
    }
  }, 300_000);
  afterAll(async () => {
    for (const { api, meter } of sizes) {
      await meter.close();
      await api.stop();
    }
    for (const database of created) await database.drop();
  });

  /** The same databases behind servers with another schema. */
  async function offenceOf(path: string, schema: ReturnType<typeof createSchema>) {
    const offending: Sized[] = [];
    try {
      for (const [index, sized] of sizes.entries()) {
        const database = created[index];
        if (!database) throw new Error('there is a server without a database');
        const api = await startWalkApi(database, { schema });
        offending.push({ ...sized, api, known: new Map() });
      }
      const [operation] = operations.filter((candidate) => candidate.path === path);
      return operation && (await workOffence(offending, operation));
    } finally {
      for (const { api } of offending) await api.stop();
    }
  }

  test('every operation works as much with 10 and 100 times the rows', async () => {
    expect(await offences(operations, (operation) => workOffence(sizes, operation))).toEqual([]);
  }, 600_000);

  test('a window over all children is found, by its path', async () => {
    const schema = planted('User', 'jobs', async (user: { id: number }, _args, { db }) => {
      const rows = await select(
        db,
        `SELECT * FROM (SELECT jobs.*, ROW_NUMBER() OVER (PARTITION BY user_id
           ORDER BY created_at DESC, id DESC) AS place FROM jobs WHERE user_id = ?) AS ranked
          WHERE place <= 2`,
        [user.id],
      );
      const pageInfo = { hasNextPage: false, hasPreviousPage: false };
      return { edges: rows.map((node) => ({ node, cursor: '' })), pageInfo };
    });
    expect(await offenceOf('users.jobs', schema)).toMatch(/^users\.jobs: \d+ steps become \d+/);
  });

  test('a filter without an index is found, by its path', async () => {
    const schema = planted('Query', 'jobs', async (_root, _args, { db }) => {
      const rows = await db('jobs').where('saved_filename', 'b-1').orderBy('created_at').limit(3);
      const pageInfo = { hasNextPage: false, hasPreviousPage: false };
      return { edges: rows.map((node) => ({ node, cursor: '' })), pageInfo };
    });
    expect(await offenceOf('jobs', schema)).toMatch(/^jobs: \d+ steps become \d+/);
  });
});
