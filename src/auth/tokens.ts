import { hash } from 'node:crypto';
import { createSigner, createVerifier, TokenError } from 'fast-jwt';
import { LRUCache } from 'lru-cache';
import { ApiError } from '../errors.ts';

/** Who a token was given to. */
export interface TokenClaims {
  userId: number;
  passwordFingerprint: string;
}

export interface IssuedToken {
  token: string;
  expiresAt: Date;
}

export interface Tokens {
  issue(claims: TokenClaims): IssuedToken;
  /** Throws UNAUTHENTICATED, naming what is wrong with the token. */
  verify(token: string): TokenClaims;
}

interface Payload {
  sub: string;
  pwd: string;
  exp: number;
}

/** Tokens that are not verified again; more than anybody has logged in at once. */
const VERIFIED_TOKENS = 10_000;

/** A refusal of the request as a whole: HTTP says so too. */
export const unauthenticated = (message: string): ApiError =>
  new ApiError('UNAUTHENTICATED', message, { http: { status: 401 } });

/** JSON Web Tokens, signed with HMAC-SHA-256. `lifetimeMinutes` may be negative in tests. */
export function createTokens(secret: string, lifetimeMinutes: number): Tokens {
  const lifetimeMs = lifetimeMinutes * 60_000;
  const sign = createSigner({ key: secret, algorithm: 'HS256' });
  const verify = createVerifier({
    key: secret,
    algorithms: ['HS256'],
    requiredClaims: ['sub', 'pwd', 'exp'],
  });
  // By a digest, so that what is kept gives no access to anybody who may read it.
  const verified = new LRUCache<string, { claims: TokenClaims; expiresAtMs: number }>({
    max: VERIFIED_TOKENS,
  });
  return {
    issue({ userId, passwordFingerprint }) {
      const expiresAt = new Date(Date.now() + lifetimeMs);
      const token = sign({
        sub: String(userId),
        pwd: passwordFingerprint,
        exp: Math.floor(expiresAt.getTime() / 1000),
      });
      return { token, expiresAt };
    },
    verify(token) {
      const digest = hash('sha256', token, 'base64url');
      const known = verified.get(digest);
      if (known && known.expiresAtMs > Date.now()) return known.claims;
      try {
        // The signature holds and the claims are there, so this is what `issue` signed.
        const { sub, pwd, exp } = verify(token) as Payload;
        const claims = { userId: Number(sub), passwordFingerprint: pwd };
        verified.set(digest, { claims, expiresAtMs: exp * 1000 });
        return claims;
      } catch (error) {
        const expired = error instanceof TokenError && error.code === TokenError.codes.expired;
        throw unauthenticated(
          expired
            ? 'The access token has expired; log in again.'
            : 'The access token is not valid; log in again.',
        );
      }
    },
  };
}
