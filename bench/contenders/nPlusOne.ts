import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import type { Knex } from 'knex';
import type { DatabaseAddress } from '../../src/config.ts';
import {
  type JobRow,
  jobColumns,
  metadataColumns,
  openKnex,
  type UserRow,
  userColumns,
} from './knexData.ts';
import { knexResolvers } from './knexResolvers.ts';
import { listen } from './listen.ts';
import { connectionOf, type PageArguments, typeDefs } from './resolvers.ts';

interface Context {
  knex: Knex;
}

/** What comes with each of many jobs or users, by a statement for each. */
const unloadedResolvers = {
  Job: {
    user: (job: JobRow, _args: unknown, { knex }: Context) =>
      knex('users').select(userColumns).where({ id: job.user_id }).first(),
    metadata: (job: JobRow, _args: unknown, { knex }: Context) =>
      knex('metadata').select(metadataColumns).where({ job_id: job.id }).first(),
  },
  User: {
    jobs: async (user: UserRow, { first }: PageArguments, { knex }: Context) =>
      connectionOf(
        await knex('jobs')
          .select(jobColumns)
          .where({ user_id: user.id })
          .orderBy([
            { column: 'created_at', order: 'desc' },
            { column: 'id', order: 'desc' },
          ])
          .limit(first),
      ),
  },
};

export async function start(address: DatabaseAddress): Promise<string> {
  const knex = openKnex(address);
  const yoga = createYoga<object, Context>({
    schema: createSchema({ typeDefs, resolvers: [knexResolvers, unloadedResolvers] }),
    context: () => ({ knex }),
    logging: false,
  });
  return listen(createServer(yoga));
}
