import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { FINISH } from './finish.ts';
import { CLAIM, type Lease, tokenOf } from './queue.ts';

/**
 * A worker as a process of its own: claims and finishes one job after the other, and prints what it did
 * as lines of JSON. A line on its standard input makes it hold its next job until there is another.
 */
const [url = '', key = '', leaseSeconds = ''] = process.argv.slice(2);

export type WorkerLine =
  | { kind: 'finished' | 'holding'; id: string; attempt: number }
  | { kind: 'refused'; id: string; attempt: number; code: string };

const say = (line: WorkerLine): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

interface Answer {
  data: { claimNextJob: Lease | null } | null;
  errors?: { extensions: { code: string } }[];
}

async function send(query: string, variables: object): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

let isToHold = false;
let goOn = Promise.withResolvers<void>();
createInterface(process.stdin).on('line', () => {
  if (isToHold) goOn.resolve();
  isToHold = !isToHold;
});

async function work(lease: Lease): Promise<void> {
  const token = tokenOf(lease);
  if (isToHold) {
    goOn = Promise.withResolvers();
    say({ kind: 'holding', ...token });
    await goOn.promise;
  }
  const { errors } = await send(FINISH, token);
  const code = errors?.[0]?.extensions.code;
  say(code ? { kind: 'refused', ...token, code } : { kind: 'finished', ...token });
}

if (import.meta.main) {
  for (;;) {
    const answer = await send(CLAIM, { models: ['small'], leaseSeconds: Number(leaseSeconds) });
    const lease = answer.data?.claimNextJob;
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    if (lease) await work(lease);
    else await sleep(50);
  }
}
