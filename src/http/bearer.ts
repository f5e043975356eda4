import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestListener } from 'node:http';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Lets those through who bring the token. Digests are compared, in a time that tells nothing of where they
 * differ or how long the token is.
 */
export function requireToken(token: string, answer: RequestListener): RequestListener {
  const expected = digest(`Bearer ${token}`);
  return (request, response) => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
      answer(request, response);
    } else response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
  };
}
