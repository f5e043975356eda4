import {
  defaultFieldResolver,
  type FieldNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';
import type { HeldThread } from './heldThread.ts';
import { type ResolverSpan, type Scope, type Trace, traceScope } from './trace.ts';

type Path = GraphQLResolveInfo['path'];

/** `jobs.edges.*.node.user`: the place in the operation, whatever the list index. */
function collapsed(path: Path): string {
  const key = typeof path.key === 'number' ? '*' : path.key;
  return path.prev ? `${collapsed(path.prev)}.${key}` : key;
}

interface Place {
  path: string;
  /** The path alone. */
  askers: ReadonlySet<string>;
}

/** Nodes of a field have one place, in a compiled operation for as long as that is kept. */
const knownPlaces = new WeakMap<readonly FieldNode[], Place>();

function placeOf({ path, fieldNodes }: GraphQLResolveInfo): Place {
  let known = knownPlaces.get(fieldNodes);
  if (known === undefined) {
    const whole = collapsed(path);
    known = { path: whole, askers: new Set([whole]) };
    knownPlaces.set(fieldNodes, known);
  }
  return known;
}

/** The span of a place. The calls for the entries of a list share the nodes of the field, so they find it by them. */
function spanOf(
  trace: Trace,
  field: string,
  info: GraphQLResolveInfo,
  startedAt: number,
): ResolverSpan {
  const { path, askers } = placeOf(info);
  let span = trace.resolvers.get(path);
  if (!span) {
    const startMs = startedAt - trace.startedMs;
    const scope: Scope = { trace, resolver: null, batch: null };
    span = {
      path,
      field,
      calls: 0,
      failed: 0,
      startMs,
      endMs: startMs,
      totalMs: 0,
      maxMs: 0,
      askers,
      scope,
    };
    scope.resolver = span;
    trace.resolvers.set(path, span);
  }
  trace.places.set(info.fieldNodes, span);
  return span;
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value;

type Resolver = GraphQLFieldResolver<unknown, unknown>;

interface TimedField {
  resolve: Resolver;
  extensions: GraphQLField<unknown, unknown>['extensions'];
}

/** Whether a resolver only hands on what was read along with its parent, as its `extensions` say. */
function isThere(parent: unknown, readAlong: string | null): boolean {
  if (readAlong === null) return false;
  // A parent that has fields to resolve is an object.
  return (parent as Record<string, unknown>)[readAlong] !== undefined;
}

function timed(
  name: string,
  { resolve, extensions }: TimedField,
  heldThread: HeldThread,
): Resolver {
  const readAlong = typeof extensions.readAlong === 'string' ? extensions.readAlong : null;
  return (parent, args, context, info) => {
    if (isThere(parent, readAlong)) return resolve(parent, args, context, info);
    const trace = traceScope.current()?.trace;
    if (!trace || trace.isClosed) return resolve(parent, args, context, info);
    const startedAt = performance.now();
    const span = trace.places.get(info.fieldNodes) ?? spanOf(trace, name, info, startedAt);
    const end = (failed: boolean): void => {
      const endedAt = performance.now();
      const durationMs = endedAt - startedAt;
      span.calls += 1;
      span.totalMs += durationMs;
      span.endMs = Math.max(span.endMs, endedAt - trace.startedMs);
      span.maxMs = Math.max(span.maxMs, durationMs);
      if (failed) span.failed += 1;
    };
    const outerMs = heldThread.begin();
    try {
      let result: unknown;
      try {
        result = traceScope.run(span.scope, resolve, parent, args, context, info);
      } finally {
        heldThread.end(trace, 'resolver', name, startedAt, outerMs);
      }
      // What is synchronous stays so.
      if (!isPromise(result)) {
        end(false);
        return result;
      }
      return result.then(
        (value) => {
          end(false);
          return value;
        },
        (error: unknown) => {
          end(true);
          throw error;
        },
      );
    } catch (error) {
      end(true);
      throw error;
    }
  };
}

/** Relay's own types and fields only hand on what the connection has. */
const isRelay = (type: string, field: string): boolean =>
  field === 'id' || (/(Connection|Edge|PageInfo)$/.test(type) && field !== 'totalCount');

/** Whether somebody wrote the resolver: what only reads a property of its parent costs nothing to know. */
function isWritten({ resolve, extensions }: GraphQLField<unknown, unknown>): boolean {
  return (
    resolve !== undefined &&
    resolve !== defaultFieldResolver &&
    !('pothosExposedField' in extensions)
  );
}

/** Times the resolvers of a finished schema, once, in place. */
export function timeResolvers(schema: GraphQLSchema, heldThread: HeldThread): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve && isWritten(field) && !isRelay(type.name, field.name)) {
        const { resolve, extensions } = field;
        field.resolve = timed(`${type.name}.${field.name}`, { resolve, extensions }, heldThread);
      }
    }
  }
  return schema;
}
