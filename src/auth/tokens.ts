import { createSigner, createVerifier, TokenError } from 'fast-jwt';
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
}

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
      try {
        // The signature holds and the claims are there, so this is what `issue` signed.
        const payload = verify(token) as Payload;
        return { userId: Number(payload.sub), passwordFingerprint: payload.pwd };
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
