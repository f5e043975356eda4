import type { Blame } from './blame.ts';
import type { Trace } from './trace.ts';

const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

/** A trace as plain JSON, for the answer of the request itself. What comes after it is not in it: serialising. */
export function describeTrace(trace: Trace, blame: Blame) {
  return {
    id: trace.id,
    startedAt: trace.startedAt.toISOString(),
    operationName: trace.operationName,
    operationHash: trace.operationHash,
    client: trace.client,
    release: trace.release,
    parseMs: rounded(trace.parseMs),
    validateMs: rounded(trace.validateMs),
    executeMs: rounded(trace.executeMs),
    ownMs: rounded(blame.ownMs),
    waitingMs: rounded(blame.waitingMs),
    blamedMs: rounded(blame.blamedMs),
    statementCount: trace.statementCount,
    resolvers: [...trace.resolvers.values()].map((span) => ({
      path: span.path,
      field: span.field,
      calls: span.calls,
      failed: span.failed,
      startMs: rounded(span.startMs),
      totalMs: rounded(span.totalMs),
      maxMs: rounded(span.maxMs),
    })),
    statements: trace.statements.map((span) => ({
      statement: span.text,
      hash: span.hash,
      startMs: rounded(span.startMs),
      durationMs: rounded(span.durationMs),
      waitedMs: rounded(span.waitedMs),
      rowCount: span.rowCount,
      failed: span.failed,
      loader: span.batch?.dispatch.loader ?? null,
      batchSize: span.batch?.keyCount ?? null,
      askedBy: [...span.askers],
    })),
  };
}

/** The header of that name: the phases, and the statements together, in milliseconds. */
export function serverTiming(trace: Trace): string {
  const sqlMs = trace.statements.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const waitedMs = trace.statements.reduce((sum, { waitedMs: ms }) => sum + ms, 0);
  return [
    `parse;dur=${rounded(trace.parseMs)}`,
    `validate;dur=${rounded(trace.validateMs)}`,
    `execute;dur=${rounded(trace.executeMs)}`,
    `serialize;dur=${rounded(trace.serializeMs)}`,
    `sql;dur=${rounded(sqlMs)};desc="${trace.statementCount} statements"`,
    `connection;dur=${rounded(waitedMs)};desc="waiting for a connection"`,
  ].join(', ');
}
