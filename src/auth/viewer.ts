import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import { type ApiKeyRow, findApiKeyByHash } from '../db/apiKeys.ts';
import { findUsersByIds, type UserRow } from '../db/users.ts';
import { hashKey, isApiKey } from './apiKeys.ts';
import { passwordFingerprint } from './passwords.ts';
import { type Tokens, unauthenticated } from './tokens.ts';

/** Who asks: a person with a token, or a worker with a key. */
export type Viewer = { kind: 'user'; user: UserRow } | { kind: 'worker'; key: ApiKeyRow };

/** How long another process may take to notice that an account was closed; this one notices at once. */
export const VIEWER_TTL_MS = 5000;

export interface Authenticator {
  /** The viewer of an Authorization header. Null without one; throws UNAUTHENTICATED on a bad one. */
  authenticate(authorization: string | null): Promise<Viewer | null>;
  /** Makes the next request of the user look them up again. */
  forgetUser(id: number): void;
  /** Makes the next request of every worker look its key up again. */
  forgetKeys(): void;
}

export function createAuthenticator(db: Knex, tokens: Tokens, ttl: number): Authenticator {
  const users = new LRUCache<number, UserRow>({ max: 10_000, ttl });
  const keys = new LRUCache<string, ApiKeyRow>({ max: 1000, ttl });
  // Together where many ask at one moment, as all subscriptions do; `users` is what keeps them.
  const usersById = new DataLoader<number, UserRow | undefined>(
    async (ids) => {
      const rows = new Map((await findUsersByIds(db, ids)).map((user) => [user.id, user]));
      return ids.map((id) => rows.get(id));
    },
    { cache: false },
  );

  async function userOf(credential: string): Promise<Viewer> {
    const claims = tokens.verify(credential);
    let user = users.get(claims.userId);
    if (!user) {
      user = await usersById.load(claims.userId);
      if (user) users.set(claims.userId, user);
    }
    if (!user?.is_active) throw unauthenticated('The account is closed.');
    if (passwordFingerprint(user.hashed_password) !== claims.passwordFingerprint) {
      throw unauthenticated('The password was changed; log in again.');
    }
    return { kind: 'user', user };
  }

  async function workerOf(credential: string): Promise<Viewer> {
    const hash = hashKey(credential);
    const kept = keys.get(hash);
    if (kept) return { kind: 'worker', key: kept };
    const key = await findApiKeyByHash(db, hash);
    if (!key) throw unauthenticated('The API key is not known.');
    if (key.revoked_at !== null) throw unauthenticated('The API key was revoked.');
    // Not at each use, which would keep the key of a busy worker for ever.
    keys.set(hash, key);
    return { kind: 'worker', key };
  }

  return {
    async authenticate(authorization) {
      // The playground sends "Bearer" alone until a token is pasted behind it.
      if (authorization === null || /^Bearer *$/i.test(authorization)) return null;
      const credential = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      if (!credential) {
        throw unauthenticated(
          'The Authorization header must read "Bearer", a space, and the token.',
        );
      }
      return isApiKey(credential) ? workerOf(credential) : userOf(credential);
    },
    forgetUser(id) {
      users.delete(id);
    },
    forgetKeys() {
      keys.clear();
    },
  };
}
