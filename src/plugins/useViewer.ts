import { type DocumentNode, GraphQLError, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Viewer } from '../auth/viewer.ts';
import { noteViewer } from '../perf/trace.ts';
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
function findViewer({ args, setResultAndStopExecution }: Execution): void | Promise<void> {
  const context = args.contextValue;
  const operation = getOperationAST(args.document, args.operationName);
  // The client chooses the name; an index of the audit log takes no more than some kilobytes.
  context.origin.operationName = operation?.name?.value.slice(0, 100) ?? null;
  const found = (viewer: Viewer | null): void => {
    context.viewer = viewer;
    noteViewer(viewer?.kind === 'user' ? viewer.user.id : null);
  };
  const refused = (error: unknown): void => {
    if (!(error instanceof GraphQLError)) throw error;
    setResultAndStopExecution({ errors: [error] });
  };
  try {
    const viewer = context.authenticator.authenticate(context.request.headers.get('authorization'));
    // A viewer who is known already makes nobody wait.
    if (viewer instanceof Promise) return viewer.then(found, refused);
    found(viewer);
  } catch (error) {
    refused(error);
  }
}

export const useViewer = (): Plugin<Context> => ({
  onExecute: findViewer,
  onSubscribe: findViewer,
});
