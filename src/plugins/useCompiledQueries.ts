import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getOperationAST,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SourceLocation,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { withColumnsAsProperties } from './columnsAsProperties.ts';
import { isCompilable } from './compilable.ts';

/** Operations that are kept compiled, some ten kilobytes of code each, and of which it is known how often they came. */
const MAX_OPERATIONS = 500;

/** What is known of an operation of a document. */
interface Known {
  calls: number;
  /** Null where graphql-js executes it; undefined before it was looked at. */
  execute: CompiledQuery['query'] | null | undefined;
}

interface Options {
  /** The call by which an operation is compiled. That takes as long as several calls. */
  compileAt: number;
}

/** Where each line of a text begins, as GraphQL counts lines. */
const lineStarts = (text: string): number[] => [
  0,
  ...Array.from(text.matchAll(/\r\n|[\n\r]/g), (end) => end.index + end[0].length),
];

/** What was wrong with a value that the client gave; graphql-jit finds all else in what a resolver gave. */
const isOfClient = (message: string): boolean => message.startsWith('Argument "');

/** graphql-jit's errors lack what GraphQL's have: a cause, `extensions`, the place in the text as plugins read it. */
function withGraphQLErrors(result: ExecutionResult, { document }: ExecutionArgs): ExecutionResult {
  if (!result.errors) return result;
  const source = document.loc?.source;
  const starts = source ? lineStarts(source.body) : [];
  const positionOf = ({ line, column }: SourceLocation): number =>
    (starts[line - 1] ?? 0) + column - 1;
  const isExecuted = 'data' in result;
  const errors = result.errors.map(({ message, path, locations, originalError, extensions }) => {
    const cause = isExecuted && !isOfClient(message) ? new Error(message) : undefined;
    return new GraphQLError(message, {
      path,
      originalError: originalError ?? cause,
      extensions,
      ...(source && { source, positions: locations?.map(positionOf) }),
    });
  });
  return { ...result, errors };
}

function compiled(
  { schema, document, operationName }: ExecutionArgs,
  { operation }: OperationDefinitionNode,
): CompiledQuery['query'] | null {
  // Mutations and subscriptions are bound by what they do.
  if (operation !== OperationTypeNode.QUERY || !isCompilable(schema, document)) return null;
  const query = withColumnsAsProperties(schema, () =>
    compileQuery(schema, document, operationName ?? undefined, {
      // An error that was thrown has a stack already.
      disablingCapturingStackErrors: true,
    }),
  );
  return isCompiledQuery(query) ? query.query : null;
}

/** Executes queries that come again by code made for them; what that cannot serve is left to graphql-js. */
export function useCompiledQueries({ compileAt }: Options): Plugin {
  const known = new LRUCache<OperationDefinitionNode, Known>({ max: MAX_OPERATIONS });
  return {
    onExecute({ args, setExecuteFn }) {
      const operation = getOperationAST(args.document, args.operationName);
      if (!operation) return;
      let entry = known.get(operation);
      if (!entry) {
        entry = { calls: 0, execute: undefined };
        known.set(operation, entry);
      }
      entry.calls += 1;
      if (entry.execute === undefined && entry.calls >= compileAt) {
        entry.execute = compiled(args, operation);
      }
      const { execute } = entry;
      if (!execute) return;
      setExecuteFn((execution: ExecutionArgs) => {
        const { rootValue, contextValue, variableValues } = execution;
        const result = execute(rootValue, contextValue, variableValues);
        return 'then' in result
          ? result.then((later) => withGraphQLErrors(later, execution))
          : withGraphQLErrors(result, execution);
      });
    },
  };
}
