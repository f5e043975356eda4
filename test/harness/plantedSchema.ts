import { setTimeout as sleep } from 'node:timers/promises';
import {
  extendSchema,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isObjectType,
  parse,
} from 'graphql';
import type { Context } from '../../src/schema/context.ts';
import { createSchema } from '../../src/schema/index.ts';

type Resolver = GraphQLFieldResolver<unknown, Context, { milliseconds: number }>;

/** About as many as SQLite counts in a millisecond. */
const ROWS_A_MILLISECOND = 2500;

/** Busy until so many milliseconds are over. */
function spin(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** Fields that take as long as they are told to, each in a way of its own. */
const planted: Record<string, Resolver> = {
  /** Waits in the resolver; nobody is held up. */
  sleepInResolver: (_root, { milliseconds }) => sleep(milliseconds, true),
  /** Holds the thread. */
  spinInResolver(_root, { milliseconds }) {
    spin(milliseconds);
    return true;
  },
  /** A statement that takes about so long: on SQLite it holds the thread, on PostgreSQL it sleeps. */
  async sleepInStatement(_root, { milliseconds }, { db }) {
    if (db.client.driverName === 'pg') {
      await db.raw('SELECT 1 AS done FROM pg_sleep(?::float8)', [milliseconds / 1000]);
    } else {
      await db.raw(
        `WITH RECURSIVE planted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM planted WHERE n < ?)
         SELECT count(*) AS done FROM planted`,
        [milliseconds * ROWS_A_MILLISECOND],
      );
    }
    return true;
  },
};

/** The API's schema, and the planted fields. */
export function plantedSchema(): GraphQLSchema {
  const fields = Object.keys(planted).map((name) => `${name}(milliseconds: Int!): Boolean!`);
  const schema = extendSchema(createSchema(), parse(`extend type Query { ${fields.join(' ')} }`));
  const query = schema.getQueryType();
  if (!isObjectType(query)) throw new Error('the schema has no queries');
  for (const [name, resolve] of Object.entries(planted)) {
    const field = query.getFields()[name];
    if (field) field.resolve = resolve;
  }
  return schema;
}
