import { hash, randomBytes } from 'node:crypto';

/** Tells an API key from a token, and lets secret scanners find one that leaked. */
const PREFIX = 'wtk_';

export const isApiKey = (credential: string): boolean => credential.startsWith(PREFIX);

/** 256 random bits: too many to guess, so a plain digest is enough to store. */
export const createKey = (): string => PREFIX + randomBytes(32).toString('base64url');

export const hashKey = (key: string): string => hash('sha256', key);
