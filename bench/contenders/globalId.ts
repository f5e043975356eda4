const bytes = Buffer.alloc(256);

/** Ids as the product makes them. */
export const globalId = (type: string, id: string | number): string =>
  bytes.toString('base64url', 0, bytes.write(`${type}:${id}`, 'latin1'));

export function localId(id: string): string {
  const text = Buffer.from(id, 'base64url').toString();
  return text.slice(text.indexOf(':') + 1);
}
