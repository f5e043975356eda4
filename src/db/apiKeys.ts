import type { Knex } from 'knex';

/** A worker's key. The key itself is shown once and never stored. */
export interface ApiKeyRow {
  id: number;
  name: string;
  key_hash: string;
  created_by: number;
  created_at: string;
  revoked_at: string | null;
}

const apiKeyColumns = [
  'id',
  'name',
  'key_hash',
  'created_by',
  'created_at',
  'revoked_at',
] as const satisfies readonly (keyof ApiKeyRow)[];

export async function findApiKeyByHash(db: Knex, hash: string): Promise<ApiKeyRow | null> {
  const [row]: ApiKeyRow[] = await db('api_keys')
    .select(apiKeyColumns)
    .where('key_hash', hash)
    .limit(1, { skipBinding: true });
  return row ?? null;
}

export async function insertApiKey(
  db: Knex,
  key: Omit<ApiKeyRow, 'id' | 'revoked_at'>,
): Promise<ApiKeyRow> {
  const [row] = await db('api_keys').insert(key).returning(apiKeyColumns);
  return row;
}

/** Revokes a key that is not revoked yet; null where there is none. */
export async function revokeApiKeyRow(
  db: Knex,
  id: number,
  revokedAt: string,
): Promise<ApiKeyRow | null> {
  const [row] = await db('api_keys')
    .where('id', id)
    .whereNull('revoked_at')
    .update({ revoked_at: revokedAt })
    .returning(apiKeyColumns);
  return row ?? null;
}
