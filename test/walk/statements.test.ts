import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findMetadataByJobIds } from '../../src/db/metadata.ts';
import { createSchema } from '../../src/schema/index.ts';
import { databases, type TestDatabase } from '../harness/databases.ts';
import { walkOperations } from './operations.ts';
import {
  batchCapOffence,
  offences,
  planted,
  startWalkApi,
  statementOffence,
  twice,
  type WalkApi,
} from './proof.ts';
import { walkDatabase } from './rows.ts';

const DEPTH = 5;
const CAP = 7;
const operations = walkOperations(createSchema(), DEPTH);
const sized = operations.filter(({ isSized }) => isSized);

describe.each(databases)('statements do not grow with rows on $name', (kind) => {
  let database: TestDatabase;
  let api: WalkApi;

  beforeAll(async () => {
    database = await walkDatabase(kind, 1);
    api = await startWalkApi(database);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  test('the walk is worth its name', () => {
    expect(sized.length).toBeGreaterThan(500);
    expect(operations.map(({ path }) => path)).toContain('jobs.user.jobs.segments.job');
  });

  test('every operation sends as many for 60 rows as for 3', async () => {
    expect(await offences(sized, (operation) => statementOffence(api, operation))).toEqual([]);
  }, 300_000);

  test('so it does with warm loaders', async () => {
    const warm = sized.map(({ query, ...others }) => ({ ...others, query: twice(query) }));
    expect(await offences(warm, (operation) => statementOffence(api, operation))).toEqual([]);
  }, 300_000);

  test('a batch cap allows as many statements as it takes', async () => {
    const capped = await startWalkApi(database, { maxBatchSize: CAP });
    try {
      const found = await offences(sized, (operation) =>
        batchCapOffence(api, capped, CAP, operation),
      );
      expect(found).toEqual([]);
    } finally {
      await capped.stop();
    }
  }, 300_000);

  test('a lookup in a resolver is found, by its path', async () => {
    const schema = planted('Job', 'metadata', async (job: { id: string }, _args, { db }) => {
      const [metadata] = await findMetadataByJobIds(db, [job.id]);
      return metadata;
    });
    const offending = await startWalkApi(database, { schema });
    try {
      const [operation] = operations.filter(({ path }) => path === 'jobs.metadata');
      expect(operation && (await statementOffence(offending, operation))).toMatch(
        /^jobs\.metadata: 3 statements for 3 rows, 60 for 60: select/,
      );
    } finally {
      await offending.stop();
    }
  });
});
