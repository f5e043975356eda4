import { type ComplexityResult, complexityFromQuery } from '@pothos/plugin-complexity';
import { type ExecutionArgs, GraphQLError, getOperationAST, Kind } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { ApiError, type ErrorCode } from '../errors.ts';

export interface QueryLimits {
  cost: number;
  depth: number;
  breadth: number;
}

/** Asks for `extensions.cost`. */
export const COST_HEADER = 'x-query-cost';

const meaning = {
  cost: 'its fields, multiplied by the sizes of the pages that they are on',
  depth: 'how deep its fields are nested',
  breadth: 'how many fields it selects',
} as const satisfies Record<keyof QueryLimits, string>;

/** What the operation costs, by its text and variables alone. */
function costOf({ schema, document, operationName, variableValues, contextValue }: ExecutionArgs) {
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

function refusal(cost: QueryLimits, limits: QueryLimits): ApiError | null {
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

/** The parser calls itself for each level, so some thousands of them end its stack. */
const refusingTooDeep =
  <Arguments extends unknown[], Document>(parse: (...args: Arguments) => Document) =>
  (...args: Arguments): Document => {
    try {
      return parse(...args);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new ApiError('GRAPHQL_PARSE_FAILED', 'The text is nested too deep to be read.');
    }
  };

/** Refuses an operation that is over a limit, before the viewer is looked up or any SQL is sent. */
export function useQueryCost(limits: QueryLimits): Plugin {
  const costs = new WeakMap<object, QueryLimits>();
  const check = (args: ExecutionArgs, stop: (result: { errors: GraphQLError[] }) => void): void => {
    try {
      const cost = costOf(args);
      const error = refusal(cost, limits);
      if (error) stop({ errors: [error] });
      else costs.set(args.contextValue as object, cost);
    } catch (error) {
      // A value that cannot be used: the executor would say the same a moment later.
      if (!(error instanceof GraphQLError)) throw error;
      error.extensions.code ??= 'BAD_USER_INPUT' satisfies ErrorCode;
      stop({ errors: [error] });
    }
  };
  return {
    onParse: ({ parseFn, setParseFn }) => setParseFn(refusingTooDeep(parseFn)),
    onExecute: ({ args, setResultAndStopExecution }) => {
      check(args, setResultAndStopExecution);
      if (!args.contextValue.request.headers.has(COST_HEADER)) return undefined;
      return {
        onExecuteDone({ result, setResult }) {
          const cost = costs.get(args.contextValue);
          if (!cost || !result || Symbol.asyncIterator in result) return;
          setResult({ ...result, extensions: { ...result.extensions, cost: { ...cost, limits } } });
        },
      };
    },
    onSubscribe: ({ args, setResultAndStopExecution }) => check(args, setResultAndStopExecution),
  };
}
