import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getOperationAST,
  OperationTypeNode,
  type Source,
  type SourceLocation,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { isCompilable } from './compilable.ts';

/** Operations that are kept compiled, some ten kilobytes of code each, and of which it is known how often they came. */
const MAX_OPERATIONS = 500;

/** An operation of a document. */
interface Operation {
  calls: number;
  /** Null where graphql-js executes it; undefined before it was looked at. */
  execute: CompiledQuery['query'] | null | undefined;
}

interface Options {
  /** The call by which an operation is compiled. That takes as long as several calls. */
  compileAt: number;
}

function positionOf({ body }: Source, { line, column }: SourceLocation): number {
  let lineStart = 0;
  for (let number = 1; number < line; number += 1) {
    lineStart += /^.*?(?:\r\n|\n|\r)/.exec(body.slice(lineStart))?.[0].length ?? 0;
  }
  return lineStart + column - 1;
}

/** What was wrong with a value that the client gave; graphql-jit finds all else in what a resolver gave. */
const isOfClient = (message: string): boolean => message.startsWith('Argument "');

/** graphql-jit's errors lack what GraphQL's have: a cause, `extensions`, the place in the text as plugins read it. */
function withGraphQLErrors(result: ExecutionResult, { document }: ExecutionArgs): ExecutionResult {
  if (!result.errors) return result;
  const source = document.loc?.source;
  const isExecuted = 'data' in result;
  const errors = result.errors.map(({ message, path, locations, originalError, extensions }) => {
    const cause = isExecuted && !isOfClient(message) ? new Error(message) : undefined;
    return new GraphQLError(message, {
      path,
      originalError: originalError ?? cause,
      extensions,
      ...(source && { source, positions: locations?.map((at) => positionOf(source, at)) }),
    });
  });
  return { ...result, errors };
}

function compiled({
  schema,
  document,
  operationName,
}: ExecutionArgs): CompiledQuery['query'] | null {
  const operation = getOperationAST(document, operationName);
  // Mutations and subscriptions are bound by what they do.
  if (operation?.operation !== OperationTypeNode.QUERY) return null;
  if (!isCompilable(schema, document)) return null;
  const query = compileQuery(schema, document, operationName ?? undefined, {
    // An error that was thrown has a stack already.
    disablingCapturingStackErrors: true,
  });
  return isCompiledQuery(query) ? query.query : null;
}

/** Executes queries that come again by code made for them; what that cannot serve is left to graphql-js. */
export function useCompiledQueries({ compileAt }: Options): Plugin {
  const documents = new LRUCache<DocumentNode, Map<string, Operation>>({ max: MAX_OPERATIONS });

  function operationOf({ document, operationName }: ExecutionArgs): Operation {
    let operations = documents.get(document);
    if (!operations) {
      operations = new Map();
      documents.set(document, operations);
    }
    const name = operationName ?? '';
    let operation = operations.get(name);
    if (!operation) {
      operation = { calls: 0, execute: undefined };
      operations.set(name, operation);
    }
    return operation;
  }

  return {
    onExecute({ args, setExecuteFn }) {
      const operation = operationOf(args);
      operation.calls += 1;
      if (operation.execute === undefined && operation.calls >= compileAt) {
        operation.execute = compiled(args);
      }
      const { execute } = operation;
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
