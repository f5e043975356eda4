import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { isAdministrator, mustChangePassword, sightOf } from '../auth/visibility.ts';
import { ApiError } from '../errors.ts';
import type { Context } from './context.ts';
import { decodeGlobalId, encodeGlobalId } from './globalId.ts';
import type { WhisperJson } from './whisperJson.ts';

const capitalized = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  Scalars: {
    DateTime: { Input: Date; Output: string };
    SafeInt: { Input: number; Output: number };
    JSONObject: { Input: Record<string, unknown>; Output: Record<string, unknown> };
    WhisperJson: { Input: WhisperJson; Output: never };
  };
  Connection: { totalCount: () => Promise<number> };
  AuthScopes: {
    /** A person whose password is their own, or a worker. */
    reader: boolean;
    /** A person, even one who still has to change the password. */
    person: boolean;
    /** A program that sends an API key. */
    worker: boolean;
    administrator: boolean;
  };
}>({
  plugins: [ErrorsPlugin, ScopeAuthPlugin, RelayPlugin, ComplexityPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    // What a subscription begins with; later events are checked in plugins/useSubscriptions.ts.
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) => ({
      reader: sightOf(viewer) !== null,
      person: viewer?.kind === 'user',
      worker: viewer?.kind === 'worker',
      administrator: isAdministrator(viewer) && !mustChangePassword(viewer),
    }),
    unauthorizedError: (_parent, { viewer }) => {
      if (!viewer) return new ApiError('UNAUTHENTICATED', 'Log in, or send an API key.');
      if (mustChangePassword(viewer)) {
        return new ApiError('PASSWORD_CHANGE_REQUIRED', 'Change the password first.');
      }
      return new ApiError('FORBIDDEN', 'This is not for you.');
    },
  },
  errors: {
    defaultTypes: [],
    defaultUnionOptions: {
      name: ({ fieldName }: { fieldName: string }) => `${capitalized(fieldName)}Payload`,
    },
    defaultResultOptions: {
      name: ({ fieldName }: { fieldName: string }) => `${capitalized(fieldName)}Success`,
    },
  },
  relay: {
    encodeGlobalID: encodeGlobalId,
    decodeGlobalID: decodeGlobalId,
    nodeTypeOptions: { description: 'Anything that has an id of its own.' },
    idFieldOptions: { description: 'Identifies the object among all objects of the API.' },
    nodeQueryOptions: {
      authScopes: { reader: true },
      description: 'The object with this id; null where it does not exist for the viewer.',
      args: { id: { description: 'The id that an object gave as its `id`.' } },
    },
    nodesQueryOptions: {
      authScopes: { reader: true },
      description: 'The objects with these ids, in their order; at most 100.',
      args: { ids: { description: 'The ids that objects gave as their `id`.' } },
      complexity: (args: { ids: readonly unknown[] }) => ({
        field: 1,
        multiplier: args.ids.length,
      }),
      resolve: (_root, { ids }, _context, _info, resolveNodes) => {
        if (ids.length > 100) {
          throw new ApiError(
            'BAD_USER_INPUT',
            `"ids" has ${ids.length} entries; the most are 100.`,
          );
        }
        return resolveNodes(ids);
      },
    },
    firstArgOptions: { description: 'The first so many, 20 if not given, at most 100.' },
    lastArgOptions: { description: 'The last so many, at most 100.' },
    afterArgOptions: { description: 'Only what comes after this cursor.' },
    beforeArgOptions: { description: 'Only what comes before this cursor.' },
    // The connection's own field multiplies by the page size; the list in it must not do so again.
    edgesFieldOptions: {
      nullable: { list: false, items: false },
      description: 'The entries of the page, in order.',
      complexity: { field: 1, multiplier: 1 },
    },
    nodeFieldOptions: { nullable: false, description: 'The object itself.' },
    cursorFieldOptions: {
      description: 'The place of this entry: an argument for `after`, `before`.',
    },
    pageInfoFieldOptions: { description: 'What lies beyond the page.' },
    pageInfoTypeOptions: {
      description: 'What lies beyond a page, and where the page begins and ends.',
    },
    hasNextPageFieldOptions: { description: 'Whether there is more after the page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there is something before the page.' },
    startCursorFieldOptions: {
      description: 'The cursor of the first entry; null on an empty page.',
    },
    endCursorFieldOptions: { description: 'The cursor of the last entry; null on an empty page.' },
  },
  complexity: { defaultComplexity: 1, defaultListMultiplier: 10 },
});

builder.queryType({ description: 'Everything that can be read.' });
builder.mutationType({ description: 'Everything that can be changed.' });
builder.subscriptionType({ description: 'Everything that can be watched, as server-sent events.' });
