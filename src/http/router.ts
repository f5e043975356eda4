import type { RequestListener } from 'node:http';

/** The path of a request's URL, without its query. */
function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

const notFound: RequestListener = (_request, response) => {
  response.writeHead(404).end();
};

/** Answers `GET` and `HEAD`; nothing else is meant for these paths. */
export const readOnly =
  (answer: RequestListener): RequestListener =>
  (request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') answer(request, response);
    else response.writeHead(405, { allow: 'GET, HEAD' }).end();
  };

/** Gives each path to who answers it. Any other path does not exist. */
export function createRouter(routes: Readonly<Record<string, RequestListener>>): RequestListener {
  const byPath = new Map(Object.entries(routes));
  return (request, response) =>
    (byPath.get(pathOf(request.url ?? '')) ?? notFound)(request, response);
}
