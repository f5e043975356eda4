import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';
import { type ResolverSpan, type Trace, traceScope } from './trace.ts';

type Path = GraphQLResolveInfo['path'];

/** `jobs.edges.*.node.user`: the place in the operation, whatever the list index. */
function collapsed(path: Path): string {
  const key = typeof path.key === 'number' ? '*' : path.key;
  return path.prev ? `${collapsed(path.prev)}.${key}` : key;
}

function spanOf(trace: Trace, field: string, path: string): ResolverSpan {
  let span = trace.resolvers.get(path);
  if (!span) {
    span = { path, field, calls: 0, totalMs: 0, maxMs: 0, failed: 0 };
    trace.resolvers.set(path, span);
  }
  return span;
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value;

function timed(
  field: string,
  resolve: GraphQLFieldResolver<unknown, unknown>,
): GraphQLFieldResolver<unknown, unknown> {
  return (parent, args, context, info) => {
    const trace = traceScope.current()?.trace;
    if (!trace) return resolve(parent, args, context, info);
    const span = spanOf(trace, field, collapsed(info.path));
    const startedAt = performance.now();
    const end = (failed: boolean): void => {
      const durationMs = performance.now() - startedAt;
      span.calls += 1;
      span.totalMs += durationMs;
      span.maxMs = Math.max(span.maxMs, durationMs);
      if (failed) span.failed += 1;
    };
    try {
      const result = resolve(parent, args, context, info);
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

/** Whether somebody wrote the resolver: what only reads a property of its parent costs nothing to know. */
function isWritten({ resolve, extensions }: GraphQLField<unknown, unknown>): boolean {
  return (
    resolve !== undefined &&
    resolve !== defaultFieldResolver &&
    !('pothosExposedField' in extensions)
  );
}

/** Times the resolvers of a finished schema, once, in place. */
export function timeResolvers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve && isWritten(field)) {
        field.resolve = timed(`${type.name}.${field.name}`, field.resolve);
      }
    }
  }
  return schema;
}
