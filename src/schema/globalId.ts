import { ApiError } from '../errors.ts';

/** The types that have global ids, and what their own ids look like. */
const idPatterns = {
  Job: /^[0-9a-f-]{1,64}$/,
  Metadata: /^[0-9a-f-]{1,64}$/,
  User: /^\d{1,9}$/,
  Segment: /^\d{1,9}$/,
  AuditLog: /^\d{1,9}$/,
  ApiKey: /^\d{1,9}$/,
} as const;

const isNodeType = (name: string): name is keyof typeof idPatterns => name in idPatterns;

export function encodeGlobalId(typename: string, id: string | number | bigint): string {
  return Buffer.from(`${typename}:${id}`).toString('base64url');
}

/** Throws BAD_USER_INPUT where the text was not made by `encodeGlobalId`. */
export function decodeGlobalId(globalId: string): { typename: string; id: string } {
  const [typename = '', id = ''] = Buffer.from(globalId, 'base64url').toString().split(':');
  if (!isNodeType(typename) || !idPatterns[typename].test(id)) {
    throw new ApiError('BAD_USER_INPUT', `"${globalId.slice(0, 100)}" is not an id of this API.`);
  }
  return { typename, id };
}
