import {
  type GraphQLField,
  type GraphQLOutputType,
  getNamedType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../src/schema/index.ts';
import { type TestApi, useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { minutes } from './harness/given.ts';

type Value = Record<string, unknown>;

/** The viewer is looked up once, so that what is counted is what operations send themselves. */
const options = {
  viewerTtlMs: 3_600_000,
  config: { limits: { cost: 1e9, depth: 1e9, breadth: 1e9 } },
};

const schema = createSchema();

type Field = GraphQLField<unknown, unknown>;

/** Those of an object type that need no arguments. */
function fieldsOf(name: string): Field[] {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new TypeError(`${name} is no object type`);
  return Object.values(type.getFields()).filter(({ args }) => !args.some(isRequiredArgument));
}

/** Of a page its nodes, of a node its id, of another object all that is none. */
function selectionOf(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (!isObjectType(named)) return '';
  const fields = named.getFields();
  if (fields.edges) return '{ edges { node { id } } }';
  if (fields.id) return '{ id }';
  const leaves = Object.values(fields).filter((field) => isLeafType(getNamedType(field.type)));
  return `{ ${leaves.map(({ name }) => name).join(' ')} }`;
}

const written = ({ name, type }: Field): string => `${name} ${selectionOf(type)}`;

/** Whether a value differs from what a field makes of a column that was not read. */
const isTelling = (value: unknown): boolean =>
  Boolean(value) && !['[]', '{"edges":[]}'].includes(JSON.stringify(value));

/** A job of which every field of it, its user and its metadata has something to tell. */
async function givenFullJob({ given }: TestApi) {
  const { user, id: userId } = await given.user({
    must_change_password: true,
    last_login: minutes(9),
  });
  const job = await given.job({
    user,
    started_at: minutes(1),
    finished_at: minutes(2),
    run_after: minutes(3),
    processing_time_seconds: 30,
    file_size_bytes: 1000,
    duration_seconds: 60,
    priority: 4,
    attempt: 2,
    progress: 0.5,
    error_code: 'OTHER',
    error_message: 'It was slow.',
  });
  await given.metadata({ job });
  await given.segments(job, ['one', 'two']);
  await given.auditLog({ user_id: user.id });
  return { job, user, userId };
}

interface JobsAnswer {
  jobs: { edges: { node: Value }[] };
}

describe.each(databases)('what is read along with jobs on $name', (kind) => {
  const api = useApi(kind, options);
  let as: Client;

  beforeAll(async () => {
    ({ as } = await api.given.administrator());
    await as.query('{ viewer { id } }');
  });

  /** The answer, and how many statements it took. */
  async function counted(operation: string) {
    api.forgetStatements();
    const data = await as.query<Value, undefined>(operation);
    return { data, statementCount: api.statements.length };
  }

  test.each([
    ['Job', null],
    ['User', 'user'],
    ['Metadata', 'metadata'],
  ])('each field of %s has its value where it is the only one', async (type, step) => {
    const { job, userId } = await givenFullJob(api);
    const within = (fields: string) => (step === null ? fields : `${step} { ${fields} }`);
    const inside = (node: Value | undefined) => (step === null ? node : node?.[step]) as Value;
    const onPage = async (fields: string): Promise<Value> => {
      const { data } = await as.send<JobsAnswer, undefined>(
        `{ jobs(filter: { userId: "${userId}" }) { edges { node { ${within(fields)} } } } }`,
      );
      return inside(data?.jobs.edges[0]?.node);
    };

    const fields = fieldsOf(type).map(written);
    // A node is a whole row, and what belongs to it comes whole, by loaders.
    const { node } = await as.query<{ node: Value }, undefined>(
      `{ node(id: "${job.globalId}") { ... on Job { ${within(fields.join(' '))} } } }`,
    );
    const whole = inside(node);
    expect(Object.entries(whole).filter(([, value]) => !isTelling(value))).toEqual([]);
    expect(await onPage(fields.join(' '))).toEqual(whole);
    const alone: Value = {};
    for (const field of fields) Object.assign(alone, await onPage(field));
    expect(alone).toEqual(whole);
  });

  test('takes no statement', async () => {
    const { job } = await givenFullJob(api);
    const both = 'user { username } metadata { tokens }';
    const page = await counted(`{ jobs { edges { node { id ${both} } } } }`);
    expect(page.statementCount).toBe(1);
    const one = await counted(`{ job(id: "${job.globalId}") { ${both} } }`);
    expect(one.statementCount).toBe(1);
    const nested = await counted(
      '{ users { edges { node { jobs { edges { node { metadata { tokens } } } } } } } }',
    );
    expect(nested.statementCount).toBe(2);
  });

  test('is read by one statement for all who ask for a job by its id', async () => {
    const [one, other] = [await givenFullJob(api), await givenFullJob(api)];
    const { data, statementCount } = await counted(`{
      a: job(id: "${one.job.globalId}") { status }
      b: job(id: "${one.job.globalId}") { model user { username } }
      c: job(id: "${one.job.globalId}") { user { email } metadata { language } }
      d: job(id: "${other.job.globalId}") { progress metadata { tokens } }
    }`);
    expect(data).toEqual({
      a: { status: 'COMPLETED' },
      b: { model: 'small', user: { username: one.user.username } },
      c: { user: { email: one.user.email }, metadata: { language: 'en' } },
      d: { progress: 0.5, metadata: { tokens: 100 } },
    });
    expect(statementCount).toBe(1);
  });

  test('is left out, by one text for all, where two ask for other columns of a job', async () => {
    const { job } = await givenFullJob(api);
    const texts = new Set<string>();
    for (const [one, other] of [
      ['status', 'model'],
      ['model', 'attempt'],
      ['attempt progress', 'priority'],
    ]) {
      const asJob = (fields = ''): string => `job(id: "${job.globalId}") { ${fields} }`;
      const { statementCount } = await counted(`{ one: ${asJob(one)} other: ${asJob(other)} }`);
      expect(statementCount).toBe(1);
      for (const { sql } of api.statements) texts.add(sql);
    }
    expect(texts.size).toBe(1);
    expect([...texts].filter((sql) => /users|metadata/.test(sql))).toEqual([]);
  });

  test('has no password of anybody', async () => {
    const { job, userId } = await givenFullJob(api);
    await counted(`{
      users { edges { node { email } } }
      user(id: "${userId}") { email }
      node(id: "${userId}") { ... on User { email } }
      jobs { edges { node { user { email } } } }
      a: job(id: "${job.globalId}") { user { email } }
      b: job(id: "${job.globalId}") { user { username } }
    }`);
    const texts = api.statements.map(({ sql }) => sql);
    expect(texts.filter((sql) => sql.includes('users')).length).toBeGreaterThan(3);
    expect(texts.join()).not.toContain('hashed_password');
  });

  test('is null where there is none', async () => {
    const { user, id } = await api.given.user();
    const job = await api.given.job({ user });
    const fields = 'metadata { __typename } user { username }';
    const nothing = { metadata: null, user: { username: user.username } };
    expect(
      await counted(`{
        jobs(filter: { userId: "${id}" }) { edges { node { ${fields} } } }
        job(id: "${job.globalId}") { ${fields} }
        user(id: "${id}") { jobs { edges { node { ${fields} } } } }
      }`),
    ).toEqual({
      data: {
        jobs: { edges: [{ node: nothing }] },
        job: nothing,
        user: { jobs: { edges: [{ node: nothing }] } },
      },
      // The page, the job, the user and their page.
      statementCount: 4,
    });
  });

  test.each([
    ['an inline fragment', '... on Job { model user { ... on User { username } } }', ''],
    ['one without a type', '... { model user { ... { username } } }', ''],
    [
      'one of an interface',
      '... on Node { ... on Job { model user { ... on Node { id } username } } }',
      '',
    ],
    [
      'a named fragment',
      '...Card',
      'fragment Card on Job { model user { ...Who } } fragment Who on User { username }',
    ],
    [
      'one field in pieces',
      'user { __typename } model ...Who user { id }',
      'fragment Who on Job { user { username } }',
    ],
  ])('is found in %s', async (_name, selection, fragments) => {
    const { job, user, userId } = await givenFullJob(api);
    const { data, statementCount } = await counted(
      `{ jobs(filter: { userId: "${userId}" }) { ...Page }
         job(id: "${job.globalId}") { ${selection} } }
       fragment Page on JobConnection { ... { edges { ...Edge } } }
       fragment Edge on JobEdge { node { ${selection} } }
       ${fragments}`,
    );
    const expected = { model: 'small', user: { username: user.username } };
    expect(data).toMatchObject({ jobs: { edges: [{ node: expected }] }, job: expected });
    expect(statementCount).toBe(2);
  });

  test('has what each alias selects', async () => {
    const { user, userId } = await givenFullJob(api);
    const { data, statementCount } = await counted(
      `{ jobs(filter: { userId: "${userId}" }) { edges { node {
        one: user { username } other: user { email isActive }
        first: metadata { tokens } second: metadata { keywords }
      } } } }`,
    );
    const node = {
      one: { username: user.username },
      other: { email: user.email, isActive: true },
      first: { tokens: 100 },
      second: { keywords: ['first', 'second'] },
    };
    expect(data).toEqual({ jobs: { edges: [{ node }] } });
    expect(statementCount).toBe(1);
  });

  test('is there whichever conditions hold', async () => {
    const { user, userId } = await givenFullJob(api);
    const operation = `query Conditions($userId: ID!, $a: Boolean!, $b: Boolean!) {
      jobs(filter: { userId: $userId }) @include(if: $a) {
        edges { node { model user @skip(if: $b) { username } } }
      }
      jobs(filter: { userId: $userId }) @skip(if: $b) {
        edges { node { user { email } ... @include(if: $a) { metadata { language } } } }
      }
    }`;
    const send = (a: boolean, b: boolean) =>
      as.query<Partial<JobsAnswer>, object>(operation, { userId, a, b });
    const page = (node: Value) => ({ jobs: { edges: [{ node }] } });
    const { username, email } = user;
    // Twice, since a document that was seen is kept with what was found in it.
    for (const _ of ['first', 'again']) {
      expect(await send(true, true)).toEqual(page({ model: 'small' }));
      expect(await send(false, true)).toEqual({});
      expect(await send(false, false)).toEqual(page({ user: { email } }));
      expect(await send(true, false)).toEqual(
        page({ model: 'small', user: { username, email }, metadata: { language: 'en' } }),
      );
    }
  });
});

/** Fields of a job with a column each that is not read anyway. */
const columnFields = fieldsOf('Job')
  .filter(({ type }) => isLeafType(getNamedType(type)))
  .map(({ name }) => name)
  .filter((name) => !['id', 'createdAt', 'transcript'].includes(name));

/** A number's own selection: the fields whose bits it has. */
const numberedSelection = (number: number): string[] =>
  columnFields.filter((_, bit) => (number >> bit) & 1);

describe.each(databases)('very many selections on $name', (kind) => {
  const api = useApi(kind, options);

  test('are answered rightly, each by a text of its own that reads nothing else', async () => {
    const { as } = await api.given.administrator();
    const { job } = await givenFullJob(api);
    const { node: whole } = await as.query<{ node: Value }, undefined>(
      `{ node(id: "${job.globalId}") { ... on Job { ${columnFields.join(' ')} } } }`,
    );
    const texts = new Set<string>();
    for (let start = 1; start < 350; start += 50) {
      const selections = Array.from({ length: 50 }, (_, index) => numberedSelection(start + index));
      const pages = selections.map(
        (fields, index) =>
          `page${index}: jobs(first: 1) { edges { node { ${fields.join(' ')} } } }`,
      );
      api.forgetStatements();
      const data = await as.query<Value, undefined>(`{ ${pages.join(' ')} }`);
      expect(Object.values(data)).toEqual(
        selections.map((fields) => {
          const node = Object.fromEntries(fields.map((name) => [name, whole[name]]));
          return { edges: [{ node }] };
        }),
      );
      for (const { sql } of api.statements) texts.add(sql);
    }
    expect(texts.size).toBe(350);
    expect([...texts].filter((sql) => /users|metadata/.test(sql))).toEqual([]);
  });
});
