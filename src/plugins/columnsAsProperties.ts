import { type GraphQLField, type GraphQLSchema, isObjectType } from 'graphql';

type Field = GraphQLField<unknown, unknown>;

/** A field that hands on a column of its row. */
interface ColumnField {
  field: Field;
  column: string;
}

const known = new WeakMap<GraphQLSchema, ColumnField[]>();

/** Whether a resolver does nothing else: without a context, one that asks who the viewer is fails. */
function onlyReads({ resolve }: Field, column: string): boolean {
  const value = {};
  // What it must not look at.
  const nothing = undefined as never;
  try {
    return resolve?.({ [column]: value }, {}, nothing, nothing) === value;
  } catch {
    return false;
  }
}

function findColumnFields(schema: GraphQLSchema): ColumnField[] {
  const found = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()))
    .flatMap((field) => {
      const column = field.extensions.pothosExposedField;
      return typeof column === 'string' && onlyReads(field, column) ? { field, column } : [];
    });
  known.set(schema, found);
  return found;
}

/**
 * Has a schema where the fields that hand on a column bear its name and have no resolver, while something is compiled.
 * graphql-jit then just reads a property of the row; for each call of a resolver it makes functions, a path and an info,
 * which were a twentieth of a page.
 */
export function withColumnsAsProperties<Result>(schema: GraphQLSchema, run: () => Result): Result {
  const changed = (known.get(schema) ?? findColumnFields(schema)).map(({ field, column }) => {
    const { name, resolve } = field;
    Object.assign(field, { name: column, resolve: undefined });
    return { field, name, resolve };
  });
  try {
    return run();
  } finally {
    for (const { field, name, resolve } of changed) Object.assign(field, { name, resolve });
  }
}
