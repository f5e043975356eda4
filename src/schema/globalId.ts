import { ApiError } from '../errors.ts';

/** The types that have global ids, and what their own ids look like. */
const idPatterns = {
  Job: /^[0-9a-f-]{1,64}$/,
  Metadata: /^[0-9a-f-]{1,64}$/,
  User: /^[1-9]\d{0,8}$/,
  Segment: /^[1-9]\d{0,8}$/,
  AuditLog: /^[1-9]\d{0,8}$/,
  ApiKey: /^[1-9]\d{0,8}$/,
} as const;

const isNodeType = (name: string): name is keyof typeof idPatterns =>
  Object.hasOwn(idPatterns, name);

/**
 * `btoa` takes half the time of a Buffer, and a page has some sixty ids. What is ASCII without `>`, `?` and `~` has
 * neither `+` nor `/` in base64, so only the padding is not that of base64url.
 */
export function encodeGlobalId(typename: string, id: string | number | bigint): string {
  const text = `${typename}:${id}`;
  return btoa(text).slice(0, Math.ceil((text.length * 4) / 3));
}

/** What no base64 says is nothing. */
function decoded(text: string): string {
  try {
    return atob(text);
  } catch {
    return '';
  }
}

/** Throws BAD_USER_INPUT where the text was not made by `encodeGlobalId`. */
export function decodeGlobalId(globalId: string): { typename: string; id: string } {
  const [typename = '', id = ''] = decoded(globalId).split(':');
  const isOurs = isNodeType(typename) && idPatterns[typename].test(id);
  // Encoded again and compared: base64 has several spellings for the same bytes.
  if (!isOurs || encodeGlobalId(typename, id) !== globalId) {
    throw new ApiError('BAD_USER_INPUT', `"${globalId.slice(0, 100)}" is not an id of this API.`);
  }
  return { typename, id };
}
