import { createHash } from 'node:crypto';
import type { Dispatch, Trace } from '../trace.ts';
import type { Finding } from './finding.ts';

interface Repetition {
  statement: string;
  hash: string;
  path: string;
  /** Batches of one dispatch count once: a loader splits what is too much for one statement. */
  dispatches: Set<Dispatch>;
  alone: number;
}

/** What a trace is looked at for, at most: statements times the paths that asked. */
const MAX_LOOKS = 5000;

function repetitionsIn(trace: Trace): Iterable<Repetition> {
  const found = new Map<string, Repetition>();
  let looks = 0;
  for (const { hash, text, batch, askers } of trace.statements) {
    for (const path of askers) {
      looks += 1;
      if (looks > MAX_LOOKS) return found.values();
      const id = `${hash} ${path}`;
      let repetition = found.get(id);
      if (!repetition) {
        repetition = { statement: text, hash, path, dispatches: new Set(), alone: 0 };
        found.set(id, repetition);
      }
      if (batch) repetition.dispatches.add(batch.dispatch);
      else repetition.alone += 1;
    }
  }
  return found.values();
}

/** N+1: a field that sends the same statement more than `limit` times in one request, one by one or side by side. */
export function repeatedStatements(trace: Trace, limit: number): Finding[] {
  // The ordinary request is done with here.
  if (trace.statementCount <= limit) return [];
  const findings: Finding[] = [];
  for (const { statement, hash, path, dispatches, alone } of repetitionsIn(trace)) {
    const times = dispatches.size + alone;
    if (times <= limit) continue;
    const place = createHash('sha256').update(path).digest('hex').slice(0, 8);
    findings.push({
      key: `n_plus_one:${hash}:${place}`,
      kind: 'n_plus_one',
      level: 'warning',
      what: `${path} sent the same statement ${times} times in one request of ${trace.operationName}.`,
      traceId: trace.id,
      statement,
      remedy: 'Let the field ask a loader, so that one statement serves all of its parents.',
      remedySql: null,
    });
  }
  return findings;
}
