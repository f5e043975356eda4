import { type DocumentNode, GraphQLError, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../schema/context.ts';

interface Execution {
  args: {
    document: DocumentNode;
    operationName?: string | null;
    contextValue: Context & { request: Request };
  };
  setResultAndStopExecution: (result: { errors: GraphQLError[] }) => void;
}

/**
 * Looks up who asks, just before the operation runs, and notes what the audit log calls it. A bad
 * credential refuses the whole request.
 */
async function findViewer({ args, setResultAndStopExecution }: Execution): Promise<void> {
  const context = args.contextValue;
  const operation = getOperationAST(args.document, args.operationName);
  // The client chooses the name; an index of the audit log takes no more than some kilobytes.
  context.origin.operationName = operation?.name?.value.slice(0, 100) ?? null;
  try {
    const authorization = context.request.headers.get('authorization');
    context.viewer = await context.authenticator.authenticate(authorization);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    setResultAndStopExecution({ errors: [error] });
  }
}

export const useViewer = (): Plugin<Context> => ({
  onExecute: findViewer,
  onSubscribe: findViewer,
});
