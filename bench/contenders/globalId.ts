/** Ids as the product makes them. */
export const globalId = (type: string, id: string | number): string =>
  Buffer.from(`${type}:${id}`).toString('base64url');

export function localId(id: string): string {
  const text = Buffer.from(id, 'base64url').toString();
  return text.slice(text.indexOf(':') + 1);
}
