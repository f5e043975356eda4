import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import type { DatabaseAddress } from '../../src/config.ts';
import { openKnex } from './knexData.ts';
import {
  createKnexLoaders,
  type KnexContext,
  knexResolvers,
  loadedResolvers,
} from './knexResolvers.ts';
import { listen } from './listen.ts';
import { typeDefs } from './resolvers.ts';

export async function start(address: DatabaseAddress): Promise<string> {
  const knex = openKnex(address);
  const yoga = createYoga<object, KnexContext>({
    schema: createSchema({ typeDefs, resolvers: [knexResolvers, loadedResolvers] }),
    context: () => ({ knex, loaders: createKnexLoaders(knex) }),
    logging: false,
  });
  return listen(createServer(yoga));
}
