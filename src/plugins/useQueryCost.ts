import {
  type ExecutionArgs,
  GraphQLError,
  getOperationAST,
  type OperationDefinitionNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { ApiError, type ErrorCode } from '../errors.ts';
import { costOf, costRefusal, type QueryLimits } from '../schema/queryCost.ts';
import { isPlainObject } from './plainObject.ts';

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

/** Costs are kept for operations with variables that weigh the same, in so many characters: clients choose them. */
const MAX_KEYS_LENGTH = 500_000;

/**
 * What a cost may depend on: numbers and the lengths of lists, which page sizes come from. No field is
 * dearer for a text.
 */
function weightOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(weightOf)}]`;
  // A file is an object too, of some million bytes.
  if (!isPlainObject(value)) return value === null ? 'null' : typeof value;
  return `{${Object.entries(value).map(([name, member]) => `${name}:${weightOf(member)}`)}}`;
}

/** The costs of operations that came before: counting takes longer than executing a small one. */
function costsKept() {
  const costs = new LRUCache<string, QueryLimits>({
    maxSize: MAX_KEYS_LENGTH,
    maxEntrySize: 5000,
    sizeCalculation: (_cost, key) => key.length,
  });
  const numbers = new WeakMap<OperationDefinitionNode, number>();
  let count = 0;
  return (args: ExecutionArgs): QueryLimits => {
    const operation = getOperationAST(args.document, args.operationName);
    // The executor says that there is none.
    if (!operation) return costOf(args);
    let number = numbers.get(operation);
    if (number === undefined) {
      count += 1;
      number = count;
      numbers.set(operation, number);
    }
    const key = `${number} ${weightOf(args.variableValues ?? {})}`;
    let cost = costs.get(key);
    if (!cost) {
      cost = costOf(args);
      costs.set(key, cost);
    }
    return cost;
  };
}

/** Refuses an operation that is over a limit, before the viewer is looked up or any SQL is sent. */
export function useQueryCost(limits: QueryLimits): Plugin {
  const costs = new WeakMap<object, QueryLimits>();
  const keptCostOf = costsKept();
  const check = (args: ExecutionArgs, stop: (result: { errors: GraphQLError[] }) => void): void => {
    try {
      const cost = keptCostOf(args);
      const error = costRefusal(cost, limits);
      if (error) stop({ errors: [error] });
      // The context is an object: Yoga makes it.
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
