import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import { LRUCache } from 'lru-cache';
import type { AccountWatch } from '../db/accountChanges.ts';
import { type ApiKeyRow, findApiKeyByHash } from '../db/apiKeys.ts';
import { dialectOf } from '../db/client.ts';
import { findAccountsByIds, type ShownUser, type UserRow } from '../db/users.ts';
import { hashKey, isApiKey } from './apiKeys.ts';
import { passwordFingerprint } from './passwords.ts';
import { type TokenClaims, type Tokens, unauthenticated } from './tokens.ts';

/** Who asks: a person with a token, or a worker with a key. */
export type Viewer = { kind: 'user'; user: ShownUser } | { kind: 'worker'; key: ApiKeyRow };

/** How long a user or a key is not read again, where nobody tells that it changed. */
export const VIEWER_TTL_MS = 5000;

export interface Authenticator {
  /**
   * The viewer of an Authorization header. Null without one; throws UNAUTHENTICATED on a bad one. A promise
   * only where the viewer has to be read.
   */
  authenticate(authorization: string | null): Viewer | null | Promise<Viewer>;
  /** Makes the next request of the user look them up again. */
  forgetUser(id: number): void;
  /** Makes the next request of every worker look its key up again. */
  forgetKeys(): void;
  /** From now on it is known when an account or a key changes, so that they are kept. */
  start(): void;
  stop(): void;
}

/** A user as last read. */
interface Account {
  viewer: Extract<Viewer, { kind: 'user' }>;
  passwordFingerprint: string;
}

interface AuthenticatorOptions {
  db: Knex;
  tokens: Tokens;
  ttlMs: number;
  /** Told why changes can't be heard of; until they can, everybody is read at each request. */
  onFault(fault: unknown): void;
}

function viewerOf({ viewer, passwordFingerprint }: Account, claims: TokenClaims): Viewer {
  if (!viewer.user.is_active) throw unauthenticated('The account is closed.');
  if (passwordFingerprint !== claims.passwordFingerprint) {
    throw unauthenticated('The password was changed; log in again.');
  }
  return viewer;
}

export function createAuthenticator({
  db,
  tokens,
  ttlMs,
  onFault,
}: AuthenticatorOptions): Authenticator {
  const accounts = new LRUCache<number, Account>({ max: 10_000, ttl: ttlMs });
  const keys = new LRUCache<string, Viewer>({ max: 1000, ttl: ttlMs });
  let watch: AccountWatch | null = null;
  /** How often something was forgotten: what was read before may be out of date. */
  let forgotten = 0;

  const isUpToDate = (): boolean => watch?.look() ?? false;

  // Together where many ask at one moment, as all subscriptions do; `accounts` is what keeps them.
  const accountsById = new DataLoader<number, UserRow | undefined>(
    async (ids) => {
      const rows = new Map((await findAccountsByIds(db, ids)).map((user) => [user.id, user]));
      return ids.map((id) => rows.get(id));
    },
    { cache: false },
  );

  async function readUser(claims: TokenClaims): Promise<Viewer> {
    await watch?.begun;
    const before = forgotten;
    const found = await accountsById.load(claims.userId);
    if (!found) throw unauthenticated('The account is closed.');
    const { hashed_password, ...user } = found;
    const account: Account = {
      viewer: { kind: 'user', user },
      passwordFingerprint: passwordFingerprint(hashed_password),
    };
    if (forgotten === before) accounts.set(user.id, account);
    return viewerOf(account, claims);
  }

  async function readKey(keyHash: string): Promise<Viewer> {
    await watch?.begun;
    const before = forgotten;
    const key = await findApiKeyByHash(db, keyHash);
    if (!key) throw unauthenticated('The API key is not known.');
    if (key.revoked_at !== null) throw unauthenticated('The API key was revoked.');
    const viewer: Viewer = { kind: 'worker', key };
    // Not at each use, which would keep the key of a busy worker for ever.
    if (forgotten === before) keys.set(keyHash, viewer);
    return viewer;
  }

  function userOf(token: string): Viewer | Promise<Viewer> {
    const claims = tokens.verify(token);
    const account = isUpToDate() ? accounts.get(claims.userId) : undefined;
    return account ? viewerOf(account, claims) : readUser(claims);
  }

  function workerOf(key: string): Viewer | Promise<Viewer> {
    const keyHash = hashKey(key);
    return (isUpToDate() ? keys.get(keyHash) : undefined) ?? readKey(keyHash);
  }

  return {
    authenticate(authorization) {
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
      forgotten += 1;
      accounts.delete(id);
    },
    forgetKeys() {
      forgotten += 1;
      keys.clear();
    },
    start() {
      watch ??= dialectOf(db).watchAccounts(db, {
        onChange() {
          forgotten += 1;
          accounts.clear();
          keys.clear();
        },
        onFault,
      });
    },
    stop() {
      watch?.stop();
      watch = null;
    },
  };
}
