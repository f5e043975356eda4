import type { Blame, BlameEntry } from '../perf/blame.ts';
import { holdKinds } from '../perf/heldThread.ts';
import { type KeptTrace, keptReasons } from '../perf/keptTraces.ts';
import type { BatchSpan, Client, ResolverSpan, StatementSpan, Trace } from '../perf/trace.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';
import { encodeGlobalId } from './globalId.ts';

/** The global id of who asked; null where that was no user. */
export const userIdOf = (trace: Trace | null): string | null =>
  trace?.viewerId == null ? null : encodeGlobalId('User', trace.viewerId);

const ClientType = builder.objectRef<Client>('PerformanceClient').implement({
  description:
    'What sent an operation, as it names itself by the headers `graphql-client-name` and `graphql-client-version`, or those of Apollo.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; `unknown` where it gave none.' }),
    version: t.exposeString('version', { nullable: true, description: 'Its version, if given.' }),
  }),
});

const ResolverSpanType = builder.objectRef<ResolverSpan>('ResolverSpan').implement({
  description: 'All calls of a resolver at one place of the operation.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description: 'The place, an asterisk for the entries of lists: `jobs.edges.*.node.user`.',
    }),
    field: t.exposeString('field', { description: 'The type and the field: `Job.user`.' }),
    calls: t.exposeInt('calls', { description: 'How often it was called.' }),
    failed: t.exposeInt('failed', { description: 'How often it failed.' }),
    startMs: t.exposeFloat('startMs', {
      description: 'When the first call began, in milliseconds since the request did.',
    }),
    endMs: t.exposeFloat('endMs', {
      description: 'When the last call ended, in milliseconds since the request began.',
    }),
    totalMs: t.exposeFloat('totalMs', {
      description: 'All calls together, in milliseconds; they may have run side by side.',
    }),
    maxMs: t.exposeFloat('maxMs', { description: 'The longest call, in milliseconds.' }),
  }),
});

const BatchSpanType = builder.objectRef<BatchSpan>('BatchSpan').implement({
  description: 'A batch of keys that a loader asked for.',
  fields: (t) => ({
    loader: t.string({
      description: 'The loader.',
      resolve: ({ dispatch }) => dispatch.loader,
    }),
    keyCount: t.exposeInt('keyCount', { description: 'How many keys were in it.' }),
    cacheHits: t.int({
      description: 'How often a key was asked for that the loader had already.',
      resolve: ({ dispatch }) => dispatch.hits,
    }),
    askedBy: t.stringList({
      description: 'The paths of the resolvers that asked for a key in it.',
      resolve: ({ dispatch }) => [...dispatch.askers],
    }),
    startMs: t.exposeFloat('startMs', {
      description: 'When it was sent, in milliseconds since the request began.',
    }),
    durationMs: t.exposeFloat('durationMs', { description: 'How long it took, in milliseconds.' }),
    failed: t.exposeBoolean('failed', { description: 'Whether it failed.' }),
  }),
});

const StatementSpanType = builder.objectRef<StatementSpan>('StatementSpan').implement({
  description: 'An SQL statement of a request.',
  fields: (t) => ({
    statement: t.exposeString('text', { description: 'The SQL, its values replaced by `?`.' }),
    hash: t.exposeString('hash', {
      description: 'The fingerprint of the statement: the same whatever its values.',
    }),
    startMs: t.exposeFloat('startMs', {
      description: 'When it was sent, in milliseconds since the request began.',
    }),
    durationMs: t.exposeFloat('durationMs', { description: 'How long it took, in milliseconds.' }),
    waitedMs: t.exposeFloat('waitedMs', {
      description: 'How long it waited for a connection before that, in milliseconds.',
    }),
    rowCount: t.exposeInt('rowCount', { description: 'Rows returned or changed.' }),
    failed: t.exposeBoolean('failed', { description: 'Whether it failed.' }),
    loader: t.string({
      nullable: true,
      description: 'The loader that sent it; null where a resolver did itself.',
      resolve: ({ batch }) => batch?.dispatch.loader ?? null,
    }),
    batchSize: t.int({
      nullable: true,
      description: 'How many keys the loader asked for.',
      resolve: ({ batch }) => batch?.keyCount ?? null,
    }),
    askedBy: t.stringList({
      description: 'The paths of the resolvers that it was sent for.',
      resolve: ({ askers }) => [...askers],
    }),
  }),
});

const HoldKindEnum = builder.enumType('HoldKind', {
  description: 'What held the thread.',
  values: enumValues(holdKinds, {
    statement: 'An SQL statement of an embedded database.',
    resolver: 'A resolver.',
    parse: 'Parsing an operation.',
    validate: 'Validating an operation.',
    operation: 'Executing an operation.',
    serialize: 'Writing an answer.',
    garbageCollection: 'Collecting garbage.',
  }),
});

const BlameEntryType = builder.objectRef<BlameEntry>('BlameEntry').implement({
  description: 'Time that a request lost to one cause.',
  fields: (t) => ({
    kind: t.expose('kind', { type: HoldKindEnum, description: 'What held the thread.' }),
    name: t.exposeString('name', { description: 'The statement, the resolver, the operation.' }),
    operationName: t.exposeString('operationName', {
      nullable: true,
      description: 'The operation that did it; null where none did.',
    }),
    requestId: t.exposeString('traceId', {
      nullable: true,
      description: 'The request that did it; null where none did.',
    }),
    lostMs: t.exposeFloat('lostMs', { description: 'The time lost, in milliseconds.' }),
  }),
});

const BlameType = builder.objectRef<Blame>('Blame').implement({
  description:
    'Where the time of a request went. Its own work, waiting and blamed time together are the time from when it may have arrived to its answer.',
  fields: (t) => ({
    ownMs: t.exposeFloat('ownMs', {
      description: 'Its own work on the thread, in milliseconds.',
    }),
    waitingMs: t.exposeFloat('waitingMs', {
      description:
        'Waiting for its statements, for a connection, or for its turn among the short work of others, in milliseconds.',
    }),
    blamedMs: t.exposeFloat('blamedMs', {
      description:
        'Waiting while somebody else held the thread for 10 milliseconds or more, in milliseconds.',
    }),
    entries: t.expose('entries', {
      type: [BlameEntryType],
      description: 'Who that was, what took most time first.',
    }),
  }),
});

const KeptReasonEnum = builder.enumType('KeptReason', {
  description: 'Why a request is kept whole.',
  values: enumValues(keptReasons, {
    slow: 'It took longer than the threshold.',
    failed: 'It failed.',
    sampled: 'It was drawn by lot.',
  }),
});

export const KeptTraceType = builder.objectRef<KeptTrace>('Trace').implement({
  description: 'A request that is kept whole: what it did, and where its time went.',
  fields: (t) => ({
    id: t.string({
      description: 'The request, as the header `X-Request-Id` named it.',
      resolve: ({ trace }) => trace.id,
    }),
    reason: t.expose('reason', { type: KeptReasonEnum, description: 'Why it is kept.' }),
    startedAt: t.field({
      type: 'DateTime',
      description: 'When it began.',
      resolve: ({ trace }) => trace.startedAt.toISOString(),
    }),
    operationName: t.string({
      description: 'The name of the operation; `anonymous` where it has none.',
      resolve: ({ trace }) => trace.operationName,
    }),
    operationHash: t.string({
      description:
        'The same for every operation of this text, whatever its values; empty where it could not be read.',
      resolve: ({ trace }) => trace.operationHash,
    }),
    client: t.field({
      type: ClientType,
      description: 'What sent it.',
      resolve: ({ trace }) => trace.client,
    }),
    viewerId: t.id({
      nullable: true,
      description: 'The user who asked; null where that was none.',
      resolve: ({ trace }) => userIdOf(trace),
    }),
    release: t.string({
      description: 'The release of the service that answered it.',
      resolve: ({ trace }) => trace.release,
    }),
    failed: t.boolean({
      description: 'Whether its answer had errors.',
      resolve: ({ trace }) => trace.failed,
    }),
    errorCodes: t.stringList({
      description: 'The codes of its errors.',
      resolve: ({ trace }) => trace.errorCodes,
    }),
    parseMs: t.float({
      description: 'Reading the text, in milliseconds; 0 where it was known.',
      resolve: ({ trace }) => trace.parseMs,
    }),
    validateMs: t.float({
      description: 'Holding it against the schema, in milliseconds; 0 where it was known.',
      resolve: ({ trace }) => trace.validateMs,
    }),
    executeMs: t.float({
      description: 'Executing it, in milliseconds.',
      resolve: ({ trace }) => trace.executeMs,
    }),
    serializeMs: t.float({
      description: 'Writing the answer, in milliseconds.',
      resolve: ({ trace }) => trace.serializeMs,
    }),
    totalMs: t.float({
      description: 'From when it was read to its answer, in milliseconds.',
      resolve: ({ trace }) => trace.totalMs,
    }),
    queuedMs: t.float({
      description:
        'How long it may have lain unread before, at the most, since others held the thread, in milliseconds.',
      resolve: ({ trace }) => trace.queuedMs,
    }),
    connectionWaitMs: t.float({
      description: 'All waiting for connections of the pool together, in milliseconds.',
      resolve: ({ trace }) => trace.statements.reduce((sum, { waitedMs }) => sum + waitedMs, 0),
    }),
    blame: t.field({
      type: BlameType,
      nullable: true,
      description: 'Where its time went.',
      resolve: ({ trace }) => trace.blame,
    }),
    resolvers: t.field({
      type: [ResolverSpanType],
      description: 'Its resolvers by place, in the order in which they began.',
      resolve: ({ trace }) => [...trace.resolvers.values()],
    }),
    statementCount: t.int({
      description: 'How many statements it sent.',
      resolve: ({ trace }) => trace.statementCount,
    }),
    statements: t.field({
      type: [StatementSpanType],
      description: 'The first 500 statements that it sent, in the order in which they ended.',
      resolve: ({ trace }) => trace.statements,
    }),
    batches: t.field({
      type: [BatchSpanType],
      description: 'The batches of its loaders, in the order in which they ended.',
      resolve: ({ trace }) => trace.batches,
    }),
  }),
});
