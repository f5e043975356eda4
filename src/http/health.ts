import type { RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { readOnly } from './router.ts';

/** Why requests should go elsewhere. Strangers may read it, so it is all that is said. */
export const unreadyCodes = {
  STOPPING: 'The process was told to stop.',
  DATABASE_UNREACHABLE: 'The database does not answer, or answers with an error.',
  DATABASE_SLOW: 'The database did not answer within two seconds.',
  MIGRATIONS_PENDING: 'The database lacks a migration of this version.',
} as const;

export type UnreadyCode = keyof typeof unreadyCodes;

interface HealthOptions {
  /** Whether the database has what this version needs. It throws where that can't be told. */
  isMigrated: () => Promise<boolean>;
  /** How long the database may take to answer. */
  timeoutMs: number;
  logger: Logger;
}

interface State {
  code: UnreadyCode | null;
  err?: unknown;
}

export interface Health {
  /** Answers while the process does. */
  live: RequestListener;
  /** Answers 200 while requests should come here, else 503 with a code. */
  ready: RequestListener;
  /** From now on requests should go elsewhere. */
  stop(): void;
  readonly isStopping: boolean;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}

export function createHealth({ isMigrated, timeoutMs, logger }: HealthOptions): Health {
  let isStopping = false;
  let lastCode: UnreadyCode | null = null;
  let running: Promise<State> | null = null;

  /** Says once when it changes, and why: the answer does not. */
  function note({ code, err }: State): void {
    if (code === lastCode) return;
    lastCode = code;
    if (code) logger.warn({ code, err }, 'Not ready: requests should go elsewhere');
    else logger.info('Ready again');
  }

  const ask = (): Promise<State> =>
    isMigrated().then(
      (migrated) => ({ code: migrated ? null : 'MIGRATIONS_PENDING' }),
      (err: unknown) => ({ code: 'DATABASE_UNREACHABLE', err }),
    );

  /** All who ask at the same time wait for one statement, so a database that hangs is not asked again. */
  async function check(): Promise<State> {
    running ??= ask().finally(() => {
      running = null;
    });
    const { promise: tooLate, resolve } = Promise.withResolvers<State>();
    const timer = setTimeout(() => resolve({ code: 'DATABASE_SLOW' }), timeoutMs);
    try {
      return await Promise.race([running, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    live: readOnly((_request, response) => answer(response, 200, { status: 'live' })),
    ready: readOnly(async (_request, response) => {
      const state: State = isStopping ? { code: 'STOPPING' } : await check();
      note(state);
      const { code } = state;
      if (code) answer(response, 503, { status: 'unready', code });
      else answer(response, 200, { status: 'ready' });
    }),
    stop() {
      isStopping = true;
    },
    get isStopping() {
      return isStopping;
    },
  };
}
