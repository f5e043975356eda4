import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { createKey, hashKey } from '../../src/auth/apiKeys.ts';
import { passwordFingerprint } from '../../src/auth/passwords.ts';
import { readConfig } from '../../src/config.ts';
import { SqliteConnection } from '../../src/db/sqliteConnection.ts';
import type { UserRow } from '../../src/db/users.ts';
import { fingerprintOf } from '../../src/perf/fingerprint.ts';
import { createApp, listen } from '../../src/server.ts';

export interface Ready {
  url: string;
  /** Of an administrator and of the users with the most jobs. */
  tokens: string[];
  workerKey: string;
}

/** A statement that held the thread, and how long at most: by the clock, and in time of the processor. */
export interface HeldBy {
  text: string;
  calls: number;
  maxMs: number;
  maxCpuMs: number;
  /** How often it took 10 ms of the processor and more. */
  long: number;
}

export interface HeldReport {
  statements: HeldBy[];
  /** Statements that ran elsewhere. */
  elsewhere: number;
  longestElsewhereMs: number;
  /** By the clock, and what the thread itself did meanwhile. */
  delay: Percentiles;
  work: Percentiles;
  /** What the monitor noted of 10 ms and more, whatever it was. */
  holds: { kind: string; name: string; ms: number }[];
}

export interface Percentiles {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

const RESOLUTION_MS = 1;

/** What this thread has worked, in milliseconds: others that want the processor don't change it. */
function workedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const statements = new Map<string, HeldBy>();
let elsewhere = 0;
let cpuMs = 0;
let longestElsewhereMs = 0;

const { run } = SqliteConnection.prototype;
SqliteConnection.prototype.run = function timed(...statement) {
  const begun = workedMs();
  try {
    return run.apply(this, statement);
  } finally {
    cpuMs = workedMs() - begun;
  }
};

const app = await createApp({
  config: readConfig({ ...process.env, PORT: '0', LOG_LEVEL: 'silent', MAX_QUERY_COST: '1000000' }),
  logger: pino({ level: 'silent' }),
  secret: 'only the benchmark signs its tokens with this',
  onStatement({ sql, durationMs, holdsThread }) {
    if (!holdsThread) {
      elsewhere += 1;
      longestElsewhereMs = Math.max(longestElsewhereMs, durationMs);
      return;
    }
    const { text } = fingerprintOf(sql);
    const held = statements.get(text) ?? { text, calls: 0, maxMs: 0, maxCpuMs: 0, long: 0 };
    held.calls += 1;
    held.maxMs = Math.max(held.maxMs, durationMs);
    // It is told as soon as it has run.
    held.maxCpuMs = Math.max(held.maxCpuMs, cpuMs);
    if (cpuMs >= 10) held.long += 1;
    statements.set(text, held);
  },
});
const config = readConfig({ ...process.env, PORT: '0' });
const url = await listen(app, config);
// No connection is closed that a request is on its way on.
app.server.keepAliveTimeout = 60_000;
app.watching.start();
app.sweeper.start();
app.checkpoints?.start();

const administrator: UserRow = await app
  .db('users')
  .where({ role: 'admin', is_active: true })
  .first();
const busiest: UserRow[] = await app
  .db('users')
  .where({ is_active: true, must_change_password: false })
  .whereIn(
    'id',
    app.db('jobs').select('user_id').groupBy('user_id').orderByRaw('count(*) DESC').limit(40),
  );
const workerKey = createKey();
await app.db('api_keys').insert({
  name: `held-${Date.now()}`,
  key_hash: hashKey(workerKey),
  created_by: administrator.id,
  created_at: new Date().toISOString(),
});
const tokens = [administrator, ...busiest].map(
  ({ id, hashed_password }) =>
    app.tokens.issue({
      userId: id,
      passwordFingerprint: passwordFingerprint(hashed_password),
    }).token,
);

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
let since = performance.now();

/** In microseconds, between two turns of a timer of a millisecond: how late it would come on a free machine. */
const work = createHistogram();
let worked = workedMs();
setInterval(() => {
  const now = workedMs();
  work.record(Math.max(1, Math.round((now - worked) * 1000)));
  worked = now;
}, RESOLUTION_MS);

/** A timer that comes on time is counted with its interval. */
const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);

process.on('message', (asked) => {
  if (asked === 'begin') {
    statements.clear();
    elsewhere = 0;
    longestElsewhereMs = 0;
    delay.reset();
    work.reset();
    since = performance.now();
    return;
  }
  process.send?.({
    statements: [...statements.values()],
    elsewhere,
    longestElsewhereMs,
    delay: {
      p50Ms: late(delay.percentile(50)),
      p99Ms: late(delay.percentile(99)),
      maxMs: late(delay.max),
    },
    work: {
      p50Ms: work.percentile(50) / 1000,
      p99Ms: work.percentile(99) / 1000,
      maxMs: work.max / 1000,
    },
    holds: app.monitor.heldThread
      .between(since, performance.now())
      .map(({ kind, name, startedAt, endedAt }) => ({ kind, name, ms: endedAt - startedAt })),
  } satisfies HeldReport);
});
process.send?.({ url, tokens, workerKey } satisfies Ready);
