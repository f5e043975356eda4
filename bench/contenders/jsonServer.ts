import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { GraphqlRequest } from '../workloads.ts';

/** Gives the body of the answer. */
export type Answer = (request: GraphqlRequest) => string | Promise<string>;

/** A body that comes in one piece, as short ones do, is not copied. */
function bodyOf(request: IncomingMessage, read: (body: string) => void): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () =>
    read((pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)).toString()),
  );
}

/** The least that a server of JSON over HTTP does. */
export const jsonServer = (answer: Answer): Server =>
  createServer((request, response) => {
    bodyOf(request, async (body) => {
      try {
        const json = Buffer.from(await answer(JSON.parse(body)));
        response.writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': json.length,
        });
        response.end(json);
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    });
  });
