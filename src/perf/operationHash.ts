import { createHash } from 'node:crypto';
import { type DocumentNode, Kind, print, stripIgnoredCharacters, visit } from 'graphql';

const hashes = new WeakMap<DocumentNode, string>();

/** The text of an operation without the values in it, so that it is the same for all of them. */
const withoutValues = (document: DocumentNode): string =>
  stripIgnoredCharacters(
    print(
      visit(document, {
        IntValue: (node) => ({ ...node, value: '0' }),
        FloatValue: (node) => ({ ...node, value: '0' }),
        StringValue: (node) => ({ ...node, value: '', block: false }),
        ListValue: () => ({ kind: Kind.LIST, values: [] }),
        ObjectValue: () => ({ kind: Kind.OBJECT, fields: [] }),
      }),
    ),
  );

/** Short, and the same in every process. Documents are cached by the server, so each is hashed once. */
export function operationHashOf(document: DocumentNode): string {
  let hash = hashes.get(document);
  if (!hash) {
    hash = createHash('sha256').update(withoutValues(document)).digest('hex').slice(0, 16);
    hashes.set(document, hash);
  }
  return hash;
}
