import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import type { DatabaseAddress } from '../../src/config.ts';
import { openKnex } from './knexData.ts';
import {
  createKnexLoaders,
  type KnexContext,
  knexResolvers,
  loadedResolvers,
} from './knexResolvers.ts';
import { typeDefs } from './resolvers.ts';

export async function start(address: DatabaseAddress): Promise<string> {
  const knex = openKnex(address);
  const server = new ApolloServer<KnexContext>({
    typeDefs,
    resolvers: [knexResolvers, loadedResolvers],
  });
  const { url } = await startStandaloneServer(server, {
    listen: { host: '127.0.0.1', port: 0 },
    context: async () => ({ knex, loaders: createKnexLoaders(knex) }),
  });
  return url;
}
