import { parse, validate } from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import { createSchema } from 'graphql-yoga';
import type { DatabaseAddress } from '../../src/config.ts';
import { jsonServer } from './jsonServer.ts';
import { listen } from './listen.ts';
import { rawData } from './rawData.ts';
import { openRaw } from './rawDatabase.ts';
import {
  createRawLoaders,
  loadedResolvers,
  type RawContext,
  rawResolvers,
} from './rawResolvers.ts';
import { typeDefs } from './resolvers.ts';

/** The least that still is a GraphQL server. */
export async function start(address: DatabaseAddress): Promise<string> {
  const data = rawData(openRaw(address));
  const schema = createSchema<RawContext>({
    typeDefs,
    resolvers: [rawResolvers(data), loadedResolvers],
  });
  const compiled = new Map<string, CompiledQuery>();
  function compile(query: string): CompiledQuery {
    const document = parse(query);
    const [error] = validate(schema, document);
    if (error) throw error;
    const result = compileQuery(schema, document);
    if (!isCompiledQuery(result)) throw new Error(JSON.stringify(result.errors));
    return result;
  }
  return listen(
    jsonServer(async ({ query, variables }) => {
      const operation = compiled.getOrInsertComputed(query, compile);
      const context: RawContext = { loaders: createRawLoaders(data) };
      return operation.stringify(await operation.query({}, context, variables));
    }),
  );
}
