import { setTimeout as sleep } from 'node:timers/promises';
import { normalized, translated } from './postgraphileShape.ts';
import type { LoadGenerator, RunningContender } from './running.ts';
import type { GraphqlRequest } from './workloads.ts';

export interface Round {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the server's process; what PostgreSQL does is not in it. */
  cpuMicroseconds: number;
}

export interface LoadOptions {
  token: string;
  connections: number;
  seconds: number;
  amount?: number;
}

/** What is sent to a contender: PostGraphile makes its schema from the tables, so it has its own shape. */
export const requestsFor = (
  { name }: RunningContender,
  requests: readonly GraphqlRequest[],
): GraphqlRequest[] => requests.map(name === 'postgraphile' ? translated : (same) => same);

/** The data of an answer as text, so that two can be compared: byte by byte, with the order of the fields. */
export async function answerOf(
  contender: RunningContender,
  request: GraphqlRequest,
  token: string,
): Promise<string> {
  const [body] = requestsFor(contender, [request]);
  const response = await fetch(contender.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors).slice(0, 500));
  return JSON.stringify(contender.name === 'postgraphile' ? normalized(data) : data);
}

const QUIET_MS = 20;
const MOST_LOOKS = 500;

/** The CPU time when all is done that was on its way: then it stands still for a moment. */
async function cpuWhenQuiet(contender: RunningContender): Promise<number> {
  let before = await contender.cpuMicroseconds();
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    await sleep(QUIET_MS);
    const now = await contender.cpuMicroseconds();
    // A tenth of the time: timers and the question itself.
    if (now - before < QUIET_MS * 100) return now;
    before = now;
  }
  return before;
}

/** Throws where an answer was none. */
export async function measureRound(
  generator: LoadGenerator,
  contender: RunningContender,
  requests: readonly GraphqlRequest[],
  options: LoadOptions,
): Promise<Round> {
  const before = await contender.cpuMicroseconds();
  const { answered, seconds, sent, failure, p50Ms, p99Ms } = await generator.run({
    ...options,
    url: contender.url,
    requests: requestsFor(contender, requests),
  });
  const after = await cpuWhenQuiet(contender);
  if (failure) throw new Error(failure);
  return {
    requestsPerSecond: answered / seconds,
    p50Ms,
    p99Ms,
    cpuMicroseconds: (after - before) / sent,
  };
}
