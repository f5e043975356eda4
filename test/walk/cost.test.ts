import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSchema } from '../../src/schema/index.ts';
import { databases, type TestDatabase } from '../harness/databases.ts';
import { walkOperations } from './operations.ts';
import { offences, startWalkApi, type WalkApi } from './proof.ts';
import { variablesFor, walkDatabase } from './rows.ts';

const unlimited = { cost: 1e9, depth: 1e9, breadth: 1e9 };
const limits = { ...unlimited };
const operations = walkOperations(createSchema(), 5);

let database: TestDatabase;
let api: WalkApi;

// What an operation costs is known from its text and variables: one database is enough.
beforeAll(async () => {
  const [sqlite] = databases;
  if (!sqlite) throw new Error('there is no database');
  database = await walkDatabase(sqlite, 1);
  api = await startWalkApi(database, { config: { limits } });
});
afterAll(async () => {
  await api.stop();
  await database.drop();
});

test('every operation is accepted at its own cost, depth and breadth, and refused one below', async () => {
  const variables = await variablesFor(api.db, 3);
  const asked = api.viewer.with({ 'x-query-cost': '1' });
  const found = await offences(operations, async ({ path, query }) => {
    Object.assign(limits, unlimited);
    const { extensions } = await asked.send(query, variables);
    const { cost, depth, breadth } = extensions.cost as typeof limits;

    Object.assign(limits, { cost, depth, breadth });
    const { errors } = await api.viewer.send(query, variables);
    if (errors.length > 0) return `${path}: refused at its own cost: ${errors[0]?.message}`;

    for (const [limit, value] of Object.entries({ cost, depth, breadth })) {
      Object.assign(limits, unlimited, { [limit]: value - 1 });
      api.forgetStatements();
      const refused = await api.viewer.send(query, variables);
      const [error] = refused.errors;
      if (error?.extensions.code !== 'QUERY_TOO_COMPLEX' || error.extensions.value !== value) {
        return `${path}: accepted though its ${limit} is ${value}`;
      }
      if (api.statements.length > 0) return `${path}: refused only after SQL was sent`;
    }
    return null;
  });
  expect(found).toEqual([]);
}, 300_000);

test('a larger page costs more, given as a variable, wherever it stands on the path', async () => {
  Object.assign(limits, unlimited);
  const asked = api.viewer.with({ 'x-query-cost': '1' });
  const costOf = async (query: string, size: number): Promise<number> => {
    const { extensions } = await asked.send(query, await variablesFor(api.db, size));
    return (extensions.cost as typeof limits).cost;
  };
  const sized = operations.filter(({ isSized }) => isSized);
  const found = await offences(sized, async ({ path, query }) => {
    const [three, six] = [await costOf(query, 3), await costOf(query, 6)];
    const [nine] = [await costOf(query, 9)];
    // What is on the page is multiplied: each three entries more cost the same again.
    return nine > six && nine - six === six - three ? null : `${path}: ${three}, ${six}, ${nine}`;
  });
  expect(found).toEqual([]);
}, 300_000);
