import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import type { DatabaseAddress } from '../../src/config.ts';
import { listen } from './listen.ts';
import { POOL_SIZE } from './rawDatabase.ts';

export async function start(address: DatabaseAddress): Promise<string> {
  if (address.kind !== 'postgres') throw new Error('PostGraphile needs PostgreSQL');
  const preset: GraphileConfig.Preset = {
    extends: [PostGraphileAmberPreset],
    pgServices: [
      makePgService({
        connectionString: address.url,
        schemas: ['public'],
        poolConfig: { max: POOL_SIZE },
      }),
    ],
    grafserv: { graphqlPath: '/graphql', graphiql: false, websockets: false, watch: false },
    grafast: { explain: false },
  };
  const server = createServer();
  await postgraphile(preset).createServ(grafserv).addTo(server);
  return listen(server);
}
