import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findMetadataByJobIds } from '../../src/db/metadata.ts';
import { fingerprintOf } from '../../src/perf/fingerprint.ts';
import { createSchema } from '../../src/schema/index.ts';
import { graphql } from '../graphql/gql.ts';
import { databases, type TestDatabase } from '../harness/databases.ts';
import { type WalkedOperation, walkOperations } from './operations.ts';
import { offences, planted, startWalkApi, statementsOf, type WalkApi } from './proof.ts';
import { variablesFor, walkDatabase } from './rows.ts';

/** An explanation in an explanation is refused. */
const operations = walkOperations(createSchema(), 5).filter(
  ({ path }) => !path.startsWith('performance.explain'),
);

const explanation = graphql(`query WalkExplanation($operation: String!, $variables: JSONObject) {
  performance {
    explain(operation: $operation, variables: $variables) {
      statements { statement batchSize }
      errors { message path }
    }
  }
}`);

describe.each(databases)('what explain tells on $name', (kind) => {
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

  async function unlikeSent(
    { path, query }: WalkedOperation,
    variables: Record<string, unknown>,
  ): Promise<string | null> {
    const sent = await statementsOf(api, query, variables);
    const really = sent.map(({ sql }) => fingerprintOf(sql).text);
    const { errors, statements } = (
      await api.viewer.query(explanation, { operation: query, variables })
    ).performance.explain;
    const told = statements.map(({ statement }) => statement);
    if (told.join('\n') === really.join('\n') && errors.length === 0) return null;
    return `${path}: ${JSON.stringify({
      onlySent: really.filter((text) => !told.includes(text)),
      onlyTold: told.filter((text) => !really.includes(text)),
      errors: errors.slice(0, 1),
    })}`;
  }

  test('is what is really sent, for every operation', async () => {
    expect(operations.length).toBeGreaterThan(500);
    const variables = await variablesFor(api.db, 3);
    expect(await offences(operations, (operation) => unlikeSent(operation, variables))).toEqual([]);
  }, 300_000);

  test('is what is sent in parts, where the keys are more than a batch takes', async () => {
    const capped = await startWalkApi(database, { maxBatchSize: 7 });
    try {
      const { query } = operations.find(({ path }) => path === 'users.jobs.metadata.job') ?? {};
      const variables = await variablesFor(api.db, 60);
      const sent = await statementsOf(capped, query ?? '', variables);
      const { performance } = await capped.viewer.query(explanation, {
        operation: query ?? '',
        variables,
      });
      const { statements } = performance.explain;
      expect(statements.map(({ statement }) => statement)).toEqual(
        sent.map(({ sql }) => fingerprintOf(sql).text),
      );
      expect(statements.map(({ batchSize }) => batchSize ?? 1)).toContain(7);
    } finally {
      await capped.stop();
    }
  });

  test('ends where a resolver asks on and on', async () => {
    const schema = planted('Job', 'metadata', async (job: { id: string }, _args, { db }) => {
      for (;;) await findMetadataByJobIds(db, [job.id]);
    });
    const endless = await startWalkApi(database, { schema });
    try {
      const { performance } = await endless.viewer.query(explanation, {
        operation: '{ jobs(first: 1) { edges { node { metadata { tokens } } } } }',
      });
      expect(performance.explain.errors).toMatchObject([
        { message: expect.stringContaining('more than 2000 statements') },
      ]);
    } finally {
      await endless.stop();
    }
  });
});
