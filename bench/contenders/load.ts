import autocannon from 'autocannon';
import type { LoadOrder, LoadResult } from '../loadOrder.ts';

const TIMEOUT_SECONDS = 60;

const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const isAnswer = (body: string): boolean =>
  body.startsWith('{"data":{') && !body.includes('"errors":');

function failureOf(
  { errors, timeouts, mismatches, requests }: autocannon.Result,
  refused: string | null,
): string | null {
  if (errors + mismatches === 0) return null;
  return `of ${requests.sent} requests, ${errors} got no answer (${timeouts} in ${TIMEOUT_SECONDS} s), ${mismatches} another: ${refused}`;
}

async function load(order: LoadOrder): Promise<LoadResult> {
  const { url, token, connections, seconds, amount } = order;
  const { pathname } = new URL(url);
  const requests = order.requests.map((request) => ({
    method: 'POST' as const,
    path: pathname,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(request),
  }));
  const times: number[] = [];
  let refused: string | null = null;
  let connected = 0;
  const result = await autocannon({
    url,
    connections,
    // Not its ten seconds: on a busy machine, a statement of 100 ms holds up 48 others for longer.
    timeout: TIMEOUT_SECONDS,
    // How often it looks whether the time is over.
    sampleInt: 100,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    setupClient(client) {
      // Each begins elsewhere, or all would send the same write at the same time.
      const start = Math.floor((connected * requests.length) / connections);
      connected += 1;
      client.setRequests([...requests.slice(start), ...requests.slice(0, start)]);
      client.on('response', (_status, _bytes, ms) => times.push(ms));
    },
    verifyBody(body) {
      const answer = String(body);
      if (isAnswer(answer)) return true;
      refused ??= answer.slice(0, 300);
      return false;
    },
  });
  const sorted = Float64Array.from(times).sort();
  return {
    answered: result['2xx'],
    seconds: result.duration,
    sent: result.requests.sent,
    failure: failureOf(result, refused),
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
  };
}

// Only the benchmark starts this, and sends its orders one after the other.
process.on('message', async (order: LoadOrder) => process.send?.(await load(order)));
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
