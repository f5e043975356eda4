import { type GraphQLSchema, isObjectType } from 'graphql';
import { encodeGlobalId } from './globalId.ts';

/** How the id of a node is found in its row, for Relay and for `withImmediateIds`. */
export const nodeId = <Row, Id extends string | number>(idOf: (row: Row) => Id) => ({
  resolve: idOf,
  extensions: { idOf },
});

/**
 * Relay's plugin makes a promise for each id, some sixty on a page of jobs with user and metadata. Here an id
 * is there at once: it needs nothing but the row.
 */
export function withImmediateIds(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    const { id } = type.getFields();
    const { idOf } = id?.extensions ?? {};
    if (!id || typeof idOf !== 'function') continue;
    id.resolve = (row: unknown): string => encodeGlobalId(type.name, idOf(row));
  }
  return schema;
}
