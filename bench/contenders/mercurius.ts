import fastify from 'fastify';
import { createSchema } from 'graphql-yoga';
import mercurius from 'mercurius';
import type { DatabaseAddress } from '../../src/config.ts';
import { rawData } from './rawData.ts';
import { openRaw } from './rawDatabase.ts';
import {
  createRawLoaders,
  loadedResolvers,
  type RawContext,
  rawResolvers,
} from './rawResolvers.ts';
import { typeDefs } from './resolvers.ts';

export async function start(address: DatabaseAddress): Promise<string> {
  const data = rawData(openRaw(address));
  const app = fastify();
  await app.register(mercurius, {
    // Its own way to take resolvers knows no enum whose values are spelled otherwise in the database.
    schema: createSchema<RawContext>({
      typeDefs,
      resolvers: [rawResolvers(data), loadedResolvers],
    }),
    jit: 1,
    context: () => ({ loaders: createRawLoaders(data) }),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return `${url}/graphql`;
}
