import {
  BREAK,
  type DocumentNode,
  type GraphQLSchema,
  isSpecifiedScalarType,
  isType,
  Kind,
  typeFromAST,
  type VariableDefinitionNode,
  visit,
} from 'graphql';

/** With this begin the texts by which graphql-jit marks values in the code it writes. */
const MARK = '__MAGIC_';

function hasDefaultOfOurs(
  schema: GraphQLSchema,
  { type, defaultValue }: VariableDefinitionNode,
): boolean {
  if (!defaultValue) return false;
  const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
  if (named.kind !== Kind.NAMED_TYPE) return true;
  const known = typeFromAST(schema, named);
  return !isType(known) || !isSpecifiedScalarType(known);
}

/**
 * Whether graphql-jit gives the answer that graphql-js would. It does not for
 * - texts with its own marks: it would run what is behind them as code;
 * - directives: their conditions hang on nodes, which the places that spread a fragment share;
 * - aliases with `_`, by which it joins the names of a path: `a_b.c` would be `a.b_c`, and `__proto__`
 *   is no name for a property;
 * - variables with a default of a type of ours, which it writes as JSON: a Date would be a text.
 */
export function isCompilable(schema: GraphQLSchema, document: DocumentNode): boolean {
  let isFit = true;
  const refuseIf = (isUnfit: boolean | undefined): typeof BREAK | undefined => {
    if (!isUnfit) return undefined;
    isFit = false;
    return BREAK;
  };
  visit(document, {
    Directive: () => refuseIf(true),
    Name: ({ value }) => refuseIf(value.includes(MARK)),
    StringValue: ({ value }) => refuseIf(value.includes(MARK)),
    Field: ({ alias }) => refuseIf(alias?.value.includes('_')),
    VariableDefinition: (definition) => refuseIf(hasDefaultOfOurs(schema, definition)),
  });
  return isFit;
}
