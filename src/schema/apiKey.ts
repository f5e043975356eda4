import { InvalidInputError } from '../auth/accountErrors.ts';
import { createApiKey, revokeApiKey } from '../auth/workerKeys.ts';
import type { ApiKeyRow } from '../db/apiKeys.ts';
import { ApiError } from '../errors.ts';
import { actorOf } from './actor.ts';
import { builder } from './builder.ts';
import { decodeGlobalId, encodeGlobalId } from './globalId.ts';

const ApiKey = builder.objectRef<ApiKeyRow>('ApiKey').implement({
  description: "A worker's key. What it opens was shown once, when it was made.",
  fields: (t) => ({
    id: t.id({
      description: 'To revoke it by.',
      resolve: ({ id }) => encodeGlobalId('ApiKey', id),
    }),
    name: t.exposeString('name', { description: 'What it was made for.' }),
    createdAt: t.expose('created_at', { type: 'DateTime', description: 'When it was made.' }),
    revokedAt: t.expose('revoked_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null while it is valid.',
    }),
  }),
});

const NewApiKey = builder.objectRef<{ apiKey: ApiKeyRow; key: string }>('NewApiKey').implement({
  description: 'A key, and what to send.',
  fields: (t) => ({
    apiKey: t.field({
      type: ApiKey,
      description: 'The key, as the API knows it.',
      resolve: ({ apiKey }) => apiKey,
    }),
    key: t.exposeString('key', {
      description: 'To be sent as `Authorization: Bearer …`. It is not stored and not shown again.',
    }),
  }),
});

function apiKeyId(globalId: string): number {
  const { typename, id } = decodeGlobalId(globalId);
  if (typename !== 'ApiKey') {
    throw new ApiError(
      'BAD_USER_INPUT',
      `"${globalId}" is the id of a ${typename}, not of an ApiKey.`,
    );
  }
  return Number(id);
}

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: NewApiKey,
    authScopes: { administrator: true },
    errors: { types: [InvalidInputError] },
    description: 'Makes a key for a worker. For administrators.',
    args: {
      name: t.arg.string({ required: true, description: 'What it is for, such as `gpu-box-2`.' }),
    },
    resolve: (_root, { name }, context) => createApiKey(actorOf(context), name),
  }),
  revokeApiKey: t.field({
    type: ApiKey,
    authScopes: { administrator: true },
    description: 'Ends a key at once. For administrators.',
    args: { id: t.arg.id({ required: true, description: 'The id of the key.' }) },
    resolve: async (_root, { id }, context) => {
      const key = await revokeApiKey(actorOf(context), apiKeyId(String(id)));
      context.authenticator.forgetKeys();
      return key;
    },
  }),
}));
