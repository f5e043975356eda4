import { RequestCache } from '@pothos/plugin-scope-auth';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../schema/context.ts';

/**
 * Lets go of what the authorization kept of a request as soon as that is executed. Pothos keeps it in a WeakMap by
 * the context, which it leads back to: V8's quick collections take such a pair for alive, so all that a request made would be
 * moved among what is old, and wait there for a slow one.
 */
export const useShortLives = (): Plugin<Context> => ({
  onExecutionResult({ result, context }) {
    // A subscription is executed again for each of its events.
    if (result && Symbol.asyncIterator in result) return;
    RequestCache.clearForContext(context);
  },
});
