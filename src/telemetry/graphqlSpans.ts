import type { BatchSpan, Dispatch, ResolverSpan, StatementSpan, Trace } from '../perf/trace.ts';
import { verbOf } from './verb.ts';

/** A span before it has ids. Times are milliseconds since the trace began. */
export interface SpanDraft {
  /** Names it among those of its trace. */
  key: string;
  /** The key of the span that it is in; null for the first. */
  parent: string | null;
  name: string;
  kind: 'server' | 'internal' | 'client';
  startMs: number;
  endMs: number;
  attributes: Record<string, string | number>;
  /** The keys of the spans that caused it. */
  links: string[];
  /** What happened at its end. */
  events: { name: string; attributes: Record<string, string | string[]> }[];
  failed: boolean;
}

type Attributes = SpanDraft['attributes'];

const OPERATION = 'operation';
const EXECUTION = 'execution';

/** A resolver that took less has a span only where it asked for data, or failed. */
const SHOWN_FROM_MS = 1;

const draft = (
  from: Pick<SpanDraft, 'key' | 'parent' | 'name' | 'startMs' | 'endMs' | 'attributes'> &
    Partial<SpanDraft>,
): SpanDraft => ({ kind: 'internal', links: [], events: [], failed: false, ...from });

const fieldKey = (path: string): string => `field ${path}`;

/** Whether the text was parsed and the operation found in it: only then it has a hash. */
const isIdentified = ({ operationHash }: Trace): boolean => operationHash !== '';

const documentAttributes = ({ operationHash }: Trace): Attributes =>
  operationHash === '' ? {} : { 'graphql.document.hash': `sha256:${operationHash}` };

const operationAttributes = (trace: Trace): Attributes => ({
  ...(isIdentified(trace) && { 'graphql.operation.type': trace.operationKind }),
  ...(trace.operationName !== 'anonymous' && { 'graphql.operation.name': trace.operationName }),
  ...documentAttributes(trace),
});

/** What the client was told of; in the form of `spec/events.yaml` beside the spans. */
function errorEvents({ errors, resolvers }: Trace): SpanDraft['events'] {
  return errors.map(({ message, path, locations }) => {
    const field =
      path === null ? undefined : resolvers.get(path.replaceAll(/\[\d+\]/g, '.*'))?.field;
    return {
      name: 'graphql.error',
      attributes: {
        'graphql.error.message': message,
        ...(path !== null && { 'graphql.error.path': path }),
        ...(locations.length > 0 && { 'graphql.error.locations': [...locations] }),
        ...(field !== undefined && { 'graphql.error.schema_coordinate': field }),
      },
    };
  });
}

/** The span that all others of a trace are in. The client chooses the operation's name: it is not named after it. */
export function operationSpan(trace: Trace): SpanDraft {
  const [errorCode] = trace.errorCodes;
  return draft({
    key: OPERATION,
    parent: null,
    name: isIdentified(trace) ? trace.operationKind : 'GraphQL Operation',
    kind: 'server',
    startMs: 0,
    endMs: trace.totalMs,
    attributes: {
      ...operationAttributes(trace),
      'whisper.request.id': trace.id,
      'whisper.client.name': trace.client.name,
      ...(errorCode && { 'error.type': errorCode }),
    },
    events: errorEvents(trace),
    failed: trace.failed,
  });
}

function phaseSpans(trace: Trace): SpanDraft[] {
  const { phaseStartMs, parseMs, validateMs, executeMs } = trace;
  const span = (
    key: string,
    name: string,
    startMs: number | null,
    durationMs: number,
    attributes: Attributes,
  ): SpanDraft[] =>
    startMs === null
      ? []
      : [draft({ key, parent: OPERATION, name, startMs, endMs: startMs + durationMs, attributes })];
  return [
    ...span('parsing', 'GraphQL Document Parsing', phaseStartMs.parse, parseMs, {
      'graphql.processing.type': 'parse',
      ...documentAttributes(trace),
    }),
    ...span('validation', 'GraphQL Document Validation', phaseStartMs.validate, validateMs, {
      'graphql.processing.type': 'validate',
      ...documentAttributes(trace),
    }),
    ...span(EXECUTION, 'GraphQL Operation Execution', phaseStartMs.execute, executeMs, {
      'graphql.processing.type': 'execute',
      ...operationAttributes(trace),
    }),
  ];
}

/** The resolvers worth a span: those that asked for data, failed, or took long. */
function shownResolvers({ resolvers, batches, statements }: Trace): Map<string, ResolverSpan> {
  const askers = new Set([
    ...batches.flatMap(({ dispatch }) => [...dispatch.askers]),
    ...statements.flatMap((statement) => [...statement.askers]),
  ]);
  return new Map(
    [...resolvers].filter(
      ([path, { failed, startMs, endMs }]) =>
        askers.has(path) || failed > 0 || endMs - startMs >= SHOWN_FROM_MS,
    ),
  );
}

/** The nearest of the fields around it that has a span. */
function enclosing(path: string, shown: ReadonlyMap<string, ResolverSpan>): string {
  const end = path.lastIndexOf('.');
  if (end === -1) return EXECUTION;
  const around = path.slice(0, end);
  return shown.has(around) ? fieldKey(around) : enclosing(around, shown);
}

function fieldSpan(
  { path, field, startMs, endMs, calls, failed }: ResolverSpan,
  parent: string,
): SpanDraft {
  const [parentType = '', name = ''] = field.split('.');
  return draft({
    key: fieldKey(path),
    parent,
    name: field,
    startMs,
    endMs,
    attributes: {
      'graphql.processing.type': 'resolve',
      'graphql.selection.name': path.slice(path.lastIndexOf('.') + 1),
      'graphql.selection.path': path.replaceAll('.*', '[*]'),
      'graphql.selection.field.name': name,
      'graphql.selection.field.parent_type': parentType,
      'graphql.selection.field.coordinate': field,
      'whisper.calls': calls,
    },
    failed: failed > 0,
  });
}

function batchSpans({ batches }: Trace, shown: ReadonlyMap<string, ResolverSpan>): SpanDraft[] {
  const counted = new Set<Dispatch>();
  return batches.map(({ dispatch, keyCount, startMs, durationMs, failed }, index) => {
    // Keys that were there already belong to the dispatch: they are counted with its first batch.
    const hits = counted.has(dispatch) ? 0 : dispatch.hits;
    counted.add(dispatch);
    return draft({
      key: `batch ${index}`,
      parent: OPERATION,
      name: `GraphQL DataLoader Batch ${dispatch.loader}`,
      startMs,
      endMs: startMs + durationMs,
      attributes: {
        'graphql.processing.type': 'dataloader_batch',
        'graphql.dataloader.name': dispatch.loader,
        'graphql.dataloader.batch.size': keyCount + hits,
      },
      links: [...dispatch.askers].filter((path) => shown.has(path)).map(fieldKey),
      failed,
    });
  });
}

function statementSpan(
  { text, startMs, durationMs, rowCount, failed }: StatementSpan,
  index: number,
  parent: string,
  databaseSystem: string,
): SpanDraft {
  return draft({
    key: `statement ${index}`,
    parent,
    name: verbOf(text),
    kind: 'client',
    startMs,
    endMs: startMs + durationMs,
    attributes: {
      'db.system.name': databaseSystem,
      'db.operation.name': verbOf(text),
      // Its values are replaced by `?`.
      'db.query.text': text,
      'db.response.returned_rows': rowCount,
    },
    failed,
  });
}

/** What a statement was sent in: its batch, the field that sent it itself, or the request. */
function senderOf(
  { batch, askers }: StatementSpan,
  batches: readonly BatchSpan[],
  shown: ReadonlyMap<string, ResolverSpan>,
): string {
  const index = batch ? batches.indexOf(batch) : -1;
  if (index !== -1) return `batch ${index}`;
  const [asker] = askers;
  return asker !== undefined && shown.has(asker) ? fieldKey(asker) : OPERATION;
}

/**
 * The other spans of a finished trace, as the OpenTelemetry working group of GraphQL names and nests them
 * (graphql/otel-wg, `spec/spans.yml`). Each comes after its parent and after what it links to.
 */
export function spansWithin(trace: Trace, databaseSystem: string): SpanDraft[] {
  const shown = shownResolvers(trace);
  const fields = [...shown.values()]
    .sort((a, b) => a.path.length - b.path.length)
    .map((span) => fieldSpan(span, enclosing(span.path, shown)));
  const statements = trace.statements.map((statement, index) =>
    statementSpan(statement, index, senderOf(statement, trace.batches, shown), databaseSystem),
  );
  return [...phaseSpans(trace), ...fields, ...batchSpans(trace, shown), ...statements];
}
