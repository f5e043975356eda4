import { type ComplexityResult, complexityFromQuery } from '@pothos/plugin-complexity';
import { type ExecutionArgs, getOperationAST, Kind } from 'graphql';
import { ApiError } from '../errors.ts';

export interface QueryLimits {
  cost: number;
  depth: number;
  breadth: number;
}

const meaning = {
  cost: 'its fields, multiplied by the sizes of the pages that they are on',
  depth: 'how deep its fields are nested',
  breadth: 'how many fields it selects',
} as const satisfies Record<keyof QueryLimits, string>;

/** What the operation costs, by its text and variables alone. */
export function costOf({
  schema,
  document,
  operationName,
  variableValues,
  contextValue,
}: ExecutionArgs) {
  const operation = getOperationAST(document, operationName);
  const definitions = document.definitions.filter(
    (definition) => definition.kind === Kind.FRAGMENT_DEFINITION || definition === operation,
  );
  const { complexity, depth, breadth }: ComplexityResult = complexityFromQuery(
    { kind: Kind.DOCUMENT, definitions },
    // The context is an object: Yoga makes it.
    { schema, variables: { ...variableValues }, ctx: contextValue as object },
  );
  return { cost: complexity, depth, breadth };
}

/** Why an operation is refused; null where it is within the limits. */
export function costRefusal(cost: QueryLimits, limits: QueryLimits): ApiError | null {
  for (const limit of ['depth', 'breadth', 'cost'] as const) {
    if (cost[limit] <= limits[limit]) continue;
    return new ApiError(
      'QUERY_TOO_COMPLEX',
      `The ${limit} of the operation (${meaning[limit]}) is ${cost[limit]}; the limit is ${limits[limit]}.`,
      { kind: limit, value: cost[limit], limit: limits[limit], http: { status: 400 } },
    );
  }
  return null;
}
