import { once } from 'node:events';
import type { Server } from 'node:http';

/** Listens on a free port and gives the URL. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('has no port');
  return `http://127.0.0.1:${address.port}/graphql`;
}
