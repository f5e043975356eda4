import { isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../src/schema/index.ts';
import type { Client } from './harness/client.ts';
import { databases, type TestDatabase } from './harness/databases.ts';
import { walkOperations } from './walk/operations.ts';
import { offences, startWalkApi, type WalkApi } from './walk/proof.ts';
import { variablesFor, walkDatabase } from './walk/rows.ts';

/** What graphql-jit writes into its code between its mark for a date and the end of the text. */
const CODE = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74dglobalThis.ranAsCode=1';

const names = '{ edges { node { originalFilename user { username } } } }';

/** Operations that graphql-jit would not, or hardly, answer as graphql-js does. */
const operations: Record<string, [query: string, variables?: Record<string, unknown>]> = {
  'a condition': [
    `query ($yes: Boolean!) { jobs(first: 2) { edges { node { id user @include(if: $yes) { id } } } } }`,
    { yes: false },
  ],
  'a fragment at two places, one with a condition': [
    `query ($yes: Boolean!) { a: jobs(first: 2) { ...page @skip(if: $yes) totalCount } b: jobs(first: 2) { ...page } }
     fragment page on JobConnection { edges { node { id } } }`,
    { yes: true },
  ],
  'aliases whose paths look alike': [
    '{ a_b: jobs(first: 1) { c: edges { node { id } } } a: jobs(first: 2) { b_c: edges { node { user { id } } } } }',
  ],
  'an alias that is a property of objects': [`{ __proto__: jobs(first: 1) ${names} }`],
  'the same field twice': [
    '{ jobs(first: 2) { edges { node { id } } edges { node { model user { id } } } } }',
  ],
  'an interface': [
    'query ($job: ID!, $user: ID!) { nodes(ids: [$job, $user]) { __typename id ... on Job { model } ... on User { username } } }',
  ],
  'a default': [
    'query ($first: Int = 2) { jobs(first: $first) { edges { node { id } } } }',
    { first: undefined },
  ],
  'a default that is a time': [
    `query ($from: DateTime = "2020-01-01T00:00:00Z") { jobs(filter: { createdAt: { from: $from } }) ${names} }`,
  ],
  'a default in a list': [
    'query ($ids: [ID!] = ["nonsense"]) { nodes(ids: $ids) { id } }',
    { ids: null },
  ],
  'a time in the text': [
    `{ jobs(filter: { createdAt: { from: "2020-01-01T00:00:00Z" } }) ${names} }`,
  ],
  'a text with quotes, a line and code': [
    `{ searchJobs(query: "\\" \\u2028 \${1} \\n') + 1") { edges { node { id } } } }`,
  ],
  'an error beside data': [`{ a: jobs(first: 2) ${names} b: jobs(after: "no cursor") ${names} }`],
  'an error of a nullable field': ['{ job(id: "nonsense") { id } viewer { id } }'],
  'an error in the second line': ['{ viewer { id }\n  jobs(first: 1000) { totalCount } }'],
  'what is not for the viewer': ['{ users { totalCount } }'],
  'a missing variable': ['query ($id: ID!) { job(id: $id) { id } }', { id: undefined }],
  'a variable of the wrong type': [
    'query ($first: Int) { jobs(first: $first) { totalCount } }',
    { first: 'many' },
  ],
  'one of several operations': [`query A { viewer { id } } query B { jobs(first: 1) ${names} }`],
};

describe('queries that are compiled', () => {
  let database: TestDatabase;
  let compiled: WalkApi;
  let executed: WalkApi;
  let variables: Record<string, unknown>;

  // Executing knows no database: one is enough.
  beforeAll(async () => {
    const [sqlite] = databases;
    if (!sqlite) throw new Error('there is no database');
    database = await walkDatabase(sqlite, 1);
    compiled = await startWalkApi(database);
    executed = await startWalkApi(database, { compileAt: Number.POSITIVE_INFINITY });
    variables = await variablesFor(compiled.db, 3);
  }, 60_000);
  afterAll(async () => {
    await compiled.stop();
    await executed.stop();
    await database.drop();
  });

  async function answerOf(client: Client, query: string, given: Record<string, unknown> = {}) {
    const { data, errors, status } = await client.send(query, { ...variables, ...given });
    return { data, errors, status };
  }

  test('give what graphql-js gives, for every operation of the schema', async () => {
    const found = await offences(walkOperations(createSchema(), 4), async ({ path, query }) => {
      // The monitor's figures are different each time they are asked for.
      if (path.startsWith('performance')) return null;
      const expected = await answerOf(executed.viewer, query);
      const answer = await answerOf(compiled.viewer, query);
      if (expected.errors.length > 0) return `${path}: ${expected.errors[0]?.message}`;
      return JSON.stringify(answer) === JSON.stringify(expected) ? null : path;
    });
    expect(found).toEqual([]);
  }, 120_000);

  test.each(Object.entries(operations))(
    'give what graphql-js gives for %s',
    async (_, [query, given]) => {
      for (const as of ['viewer', 'client'] as const) {
        const expected = await answerOf(executed[as], query, given);
        expect(await answerOf(compiled[as], query, given)).toEqual(expected);
        // And again, from the caches.
        expect(await answerOf(compiled[as], query, given)).toEqual(expected);
      }
    },
  );

  test.each([
    `{ searchJobs(query: "${CODE}") { edges { node { id } } } }`,
    `{ searchJobs(query: """${CODE}""") { edges { node { id } } } }`,
    `{ searchJobs(query: "${CODE.replace('MAGIC', '\\u004dAGIC')}") { edges { node { id } } } }`,
    `query ($query: String = "${CODE}") { searchJobs(query: $query) { edges { node { id } } } }`,
    `{ jobs(filter: { model: "${CODE}" }) { edges { node { id } } } }`,
  ])('never run what a client sends: %s', async (query) => {
    const answer = await answerOf(compiled.viewer, query, { query: undefined });
    expect(answer).toEqual(await answerOf(executed.viewer, query, { query: undefined }));
    expect(globalThis).not.toHaveProperty('ranAsCode');
  });

  test('find each resolver under a name of its own, as graphql-jit joins type and field', () => {
    const joined = Object.values(createSchema().getTypeMap())
      .filter(isObjectType)
      .flatMap((type) => Object.keys(type.getFields()).map((field) => type.name + field));
    expect(new Set(joined).size).toBe(joined.length);
  });
});
