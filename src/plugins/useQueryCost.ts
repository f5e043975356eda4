import { type ExecutionArgs, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { ApiError, type ErrorCode } from '../errors.ts';
import { costOf, costRefusal, type QueryLimits } from '../schema/queryCost.ts';

/** Asks for `extensions.cost`. */
export const COST_HEADER = 'x-query-cost';

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
      const error = costRefusal(cost, limits);
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
