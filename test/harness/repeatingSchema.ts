import { extendSchema, type GraphQLSchema, isObjectType, parse } from 'graphql';
import type { Knex } from 'knex';
import type { JobRow } from '../../src/db/jobs.ts';
import type { Context } from '../../src/schema/context.ts';
import { createSchema } from '../../src/schema/index.ts';

const ownerOf = async (db: Knex, userId: number): Promise<string> => {
  const owner = await db('users').select('username').where('id', userId).first();
  return owner.username;
};

/** The API's schema, and fields that ask the database for each of their parents, as fields should not. */
export function repeatingSchema(): GraphQLSchema {
  const schema = extendSchema(
    createSchema(),
    parse(`extend type Job { plantedOwner: String! }
           extend type Query { plantedOwners(times: Int!): Int! }`),
  );
  const [query, job] = [schema.getQueryType(), schema.getType('Job')];
  if (!isObjectType(query) || !isObjectType(job)) throw new Error('the schema has no jobs');
  const { plantedOwners } = query.getFields();
  const { plantedOwner } = job.getFields();
  if (!plantedOwners || !plantedOwner) throw new Error('the fields were not planted');
  plantedOwner.resolve = (row: JobRow, _args, { db }: Context) => ownerOf(db, row.user_id);
  plantedOwners.resolve = async (_root, { times }, { db, viewer }: Context) => {
    const userId = viewer?.kind === 'user' ? viewer.user.id : 0;
    for (let time = 0; time < times; time += 1) await ownerOf(db, userId);
    return times;
  };
  return schema;
}
