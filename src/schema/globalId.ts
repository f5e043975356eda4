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

/** Longer than any id. One for all, since an id is written and read in one go; a page has some sixty. */
const bytes = Buffer.alloc(256);

export function encodeGlobalId(typename: string, id: string | number | bigint): string {
  const length = bytes.write(`${typename}:${id}`, 'latin1');
  return bytes.toString('base64url', 0, length);
}

/** Throws BAD_USER_INPUT where the text was not made by `encodeGlobalId`. */
export function decodeGlobalId(globalId: string): { typename: string; id: string } {
  const [typename = '', id = ''] = Buffer.from(globalId, 'base64url').toString().split(':');
  const isOurs = isNodeType(typename) && idPatterns[typename].test(id);
  // Encoded again and compared: base64 has several spellings for the same bytes.
  if (!isOurs || encodeGlobalId(typename, id) !== globalId) {
    throw new ApiError('BAD_USER_INPUT', `"${globalId.slice(0, 100)}" is not an id of this API.`);
  }
  return { typename, id };
}
