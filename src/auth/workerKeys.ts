import { type ApiKeyRow, insertApiKey, revokeApiKeyRow } from '../db/apiKeys.ts';
import type { ShownUser } from '../db/users.ts';
import { ApiError } from '../errors.ts';
import { InvalidInputError } from './accountErrors.ts';
import { createKey, hashKey } from './apiKeys.ts';
import { type Actor, audited } from './audit.ts';

const aboutKey = (eventType: string, key: ApiKeyRow) => ({
  eventType,
  severity: 'info' as const,
  statusCode: 200,
  resourceType: 'api_key',
  resourceId: key.id,
  details: key.name,
});

export async function createApiKey(
  actor: Actor & { viewer: { kind: 'user'; user: ShownUser } },
  name: string,
): Promise<{ apiKey: ApiKeyRow; key: string }> {
  if (name.trim() === '' || name.length > 100) {
    throw new InvalidInputError('name', 'A name has 1 to 100 characters.');
  }
  const key = createKey();
  const apiKey = await audited(actor, async (transaction) => {
    const row = await insertApiKey(transaction, {
      name: name.trim(),
      key_hash: hashKey(key),
      created_by: actor.viewer.user.id,
      created_at: new Date().toISOString(),
    });
    return { result: row, event: aboutKey('api_key_created', row) };
  });
  return { apiKey, key };
}

export async function revokeApiKey(actor: Actor, id: number): Promise<ApiKeyRow> {
  return audited(actor, async (transaction) => {
    const row = await revokeApiKeyRow(transaction, id, new Date().toISOString());
    if (!row) throw new ApiError('NOT_FOUND', 'There is no such key, or it is revoked already.');
    return { result: row, event: aboutKey('api_key_revoked', row) };
  });
}
