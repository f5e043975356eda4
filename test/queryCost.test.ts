import { getIntrospectionQuery } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import type { QueryLimits } from '../src/schema/queryCost.ts';
import { startApi, useApi } from './harness/api.ts';
import type { Answer, Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { globalId } from './harness/given.ts';

const boundless: QueryLimits = { cost: 1e9, depth: 1e9, breadth: 1e9 };

/** A page costs 1, and each entry what is selected of it, with `edges` and `node` around it. */
const page = (size: number, ofEach: number): number => 1 + size * (2 + ofEach);

describe.each(databases)('query cost on $name', (kind) => {
  const api = useApi(kind, { config: { limits: boundless } });
  let as: Client;
  beforeAll(async () => {
    ({ as } = await api.given.administrator());
  });

  async function costsOf(operation: string, variables?: object): Promise<QueryLimits> {
    const answer = await as.with({ 'x-query-cost': '1' }).send(operation, variables);
    expect(answer.errors).toEqual([]);
    return answer.extensions.cost as QueryLimits;
  }

  const costOf = async (operation: string, variables?: object): Promise<number> =>
    (await costsOf(operation, variables)).cost;

  /** Sends the operation to a server of these limits over the same database. */
  async function sentWithin(limits: QueryLimits, operation: string) {
    const { address } = api.config.database;
    const server = await startApi({ address, drop: async () => {} }, { config: { limits } });
    try {
      const { as: administrator } = await server.given.administrator();
      server.forgetStatements();
      const answer: Answer<unknown> = await administrator.send(operation);
      return { answer, statements: server.statements };
    } finally {
      await server.stop();
    }
  }

  describe.each(['cost', 'depth', 'breadth'] as const)('the limit of %s', (limit) => {
    const operation = '{ jobs(first: 3) { edges { node { id user { username email } } } } }';

    test('lets an operation through that has just as much', async () => {
      const value = (await costsOf(operation))[limit];
      const { answer } = await sentWithin({ ...boundless, [limit]: value }, operation);
      expect(answer.errors).toEqual([]);
    });

    test('refuses one that has one more, before any SQL is sent', async () => {
      const value = (await costsOf(operation))[limit];
      const { answer, statements } = await sentWithin(
        { ...boundless, [limit]: value - 1 },
        operation,
      );
      expect(answer).toMatchObject({ status: 400, data: null });
      expect(answer.errors).toMatchObject([
        { extensions: { code: 'QUERY_TOO_COMPLEX', kind: limit, value, limit: value - 1 } },
      ]);
      expect(answer.errors[0]?.message).toContain(`is ${value}; the limit is ${value - 1}.`);
      expect(statements).toEqual([]);
    });
  });

  describe('a page multiplies what is on it by its size', () => {
    const fields = 'edges { node { id status } }';
    const sizes: Record<string, { operation: string; variables?: object; size: number }> = {
      'that stands in the text': { operation: `{ jobs(first: 7) { ${fields} } }`, size: 7 },
      'from the end': { operation: `{ jobs(last: 7) { ${fields} } }`, size: 7 },
      'of a variable': {
        operation: `query ($n: Int) { jobs(first: $n) { ${fields} } }`,
        variables: { n: 7 },
        size: 7,
      },
      'of a variable’s default': {
        operation: `query ($n: Int = 7) { jobs(first: $n) { ${fields} } }`,
        size: 7,
      },
      'of a variable that overrides its default': {
        operation: `query ($n: Int = 1) { jobs(last: $n) { ${fields} } }`,
        variables: { n: 7 },
        size: 7,
      },
      'that nobody gave': { operation: `{ jobs { ${fields} } }`, size: 20 },
      'of a variable that is null': {
        operation: `query ($n: Int) { jobs(first: $n) { ${fields} } }`,
        variables: { n: null },
        size: 20,
      },
    };

    test.each(Object.entries(sizes))('%s', async (_, { operation, variables, size }) => {
      expect(await costOf(operation, variables)).toBe(page(size, 2));
    });

    test('on each page that lies within', async () => {
      const operation = `{ users(first: 4) { edges { node { jobs(first: 5) { ${fields} } } } } }`;
      expect(await costOf(operation)).toBe(page(4, page(5, 2)));
    });

    test('for the list of `nodes` too', async () => {
      const ids = [1, 2, 3].map((id) => globalId('User', id));
      const operation = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
      expect(await costOf(operation, { ids })).toBe(1 + 3);
    });
  });

  describe('counts', () => {
    test('each alias', async () => {
      const [one, two] = ['a: jobs { edges { node { id } } }', 'b: jobs { edges { node { id } } }'];
      expect(await costOf(`{ ${one} ${two} }`)).toBe(2 * (await costOf(`{ ${one} }`)));
    });

    test('a fragment wherever it is spread', async () => {
      const written = '{ jobs { edges { node { id status } } } users { edges { node { id } } } }';
      const spread = `{ jobs { ...Page } ... on Query { users { edges { node { id } } } } }
        fragment Page on JobConnection { edges { node { ...Fields } } }
        fragment Fields on Job { id status }`;
      expect(await costsOf(spread)).toEqual(await costsOf(written));
    });

    test('only the operation that is run', async () => {
      const url = `${api.url}?operationName=B&query=${encodeURIComponent(
        'query A { jobs { edges { node { id } } } } query B { viewer { id } }',
      )}`;
      const answer = await fetch(url, { headers: { 'x-query-cost': '1' } });
      expect(await answer.json()).toMatchObject({ extensions: { cost: { cost: 2 } } });
    });

    test('fragments that double each other forty times without walking them all', async () => {
      const doubling = Array.from(
        { length: 40 },
        (_, level) => `fragment F${level} on User { ...F${level + 1} ...F${level + 1} }`,
      );
      const operation = `{ viewer { ...F0 } } ${doubling.join(' ')} fragment F40 on User { id }`;
      const { answer } = await sentWithin(api.config.limits, operation);
      expect(answer.errors).toMatchObject([
        { extensions: { code: 'QUERY_TOO_COMPLEX', value: 2 ** 40 + 1 } },
      ]);
    });
  });

  test('tells the cost and the limits only who asks for them', async () => {
    const operation = '{ viewer { id } }';
    expect((await as.send(operation)).extensions).not.toHaveProperty('cost');
    expect(await costsOf(operation)).toEqual({ cost: 2, depth: 2, breadth: 2, limits: boundless });
  });

  test('refuses what is nested too deep even to be read, however often it comes', async () => {
    const operation = `${'{ viewer '.repeat(5000)}${'}'.repeat(5000)}`;
    for (const _ of ['first', 'again']) {
      expect(await as.refusal(operation)).toMatchObject({ code: 'GRAPHQL_PARSE_FAILED' });
    }
  });
});

describe.each(databases)('the default limits on $name', (kind) => {
  const api = useApi(kind);

  const introspections = {
    'of most clients': getIntrospectionQuery(),
    'of the playground, which asks for all there is': getIntrospectionQuery({
      schemaDescription: true,
      inputValueDeprecation: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      oneOf: true,
    }),
  };

  test.each(Object.entries(introspections))('allow the introspection %s', async (_, operation) => {
    const data = await api.client.query(operation);
    expect(data).toMatchObject({ __schema: { queryType: { name: 'Query' } } });
  });

  test('allow a page of 100 jobs with all that is on a card', async () => {
    const { as } = await api.given.user();
    await as.query(`{ jobs(first: 100) { edges { cursor node {
      id originalFilename model status createdAt durationSeconds progress
      user { username } metadata { language keywords abstract }
    } } pageInfo { hasNextPage endCursor } } }`);
  });
});
