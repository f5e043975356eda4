import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  getOperationAST,
} from 'graphql';
import {
  type GraphQLParams,
  type Instrumentation,
  isAsyncIterable,
  type Plugin,
  type YogaInitialContext,
  type YogaServer,
} from 'graphql-yoga';
import { inTurn, type MaybePromise, whenThere, within } from './hooks.ts';

export type Hooks = Plugin<object, object, object>;
export type HookOf<Name extends keyof Hooks> = Extract<Hooks[Name], (payload: never) => unknown>;
export type PayloadOf<Name extends keyof Hooks> = Parameters<HookOf<Name>>[0];
/** What a hook gives, to be called or read afterwards. */
type AfterOf<Name extends keyof Hooks> = Extract<Awaited<ReturnType<HookOf<Name>>>, object>;

/** What envelop makes for each request. */
type Enveloped = ReturnType<YogaServer<object, object>['getEnveloped']>;
type Context = YogaInitialContext;
type ExecutionArguments = PayloadOf<'onExecute'>['args'];
export type Executed = ExecutionResult | AsyncIterableIterator<ExecutionResult>;

interface OperationHooks {
  onParse: readonly HookOf<'onParse'>[];
  onValidate: readonly HookOf<'onValidate'>[];
  onExecute: readonly HookOf<'onExecute'>[];
  around: Instrumentation<YogaInitialContext>;
}

/** Yoga's own first plugin says what parses, validates and executes. */
function nothing(): never {
  throw new TypeError('No plugin says what does this.');
}

/** By what hooks add to the context. */
const extending = (context: object) => (extension: object) =>
  void Object.assign(context, extension);

function parsed(hooks: OperationHooks['onParse'], source: string, context: Context): DocumentNode {
  const extendContext = extending(context);
  const afterwards: AfterOf<'onParse'>[] = [];
  let result: DocumentNode | Error | null = null;
  const payload: PayloadOf<'onParse'> = {
    context,
    extendContext,
    params: { source, options: undefined },
    parseFn: nothing,
    setParseFn(next) {
      payload.parseFn = next;
    },
    setParsedDocument(document) {
      result = document;
    },
  };
  for (const hook of hooks) {
    const after = hook(payload);
    if (after) afterwards.push(after);
  }
  if (result === null) {
    try {
      result = payload.parseFn(source, undefined);
    } catch (error) {
      // Nothing else is thrown by what parses.
      result = error as Error;
    }
  }
  const after: Parameters<AfterOf<'onParse'>>[0] = {
    context,
    extendContext,
    result,
    replaceParseResult(next) {
      after.result = next;
    },
  };
  for (const hook of afterwards) hook(after);
  if (after.result instanceof Error) throw after.result;
  return after.result;
}

function validated(
  hooks: OperationHooks['onValidate'],
  schema: unknown,
  documentAST: DocumentNode,
  context: Context,
): readonly GraphQLError[] {
  const extendContext = extending(context);
  const afterwards: AfterOf<'onValidate'>[] = [];
  const params: PayloadOf<'onValidate'>['params'] = { schema, documentAST };
  let result: readonly GraphQLError[] | null = null;
  const payload: PayloadOf<'onValidate'> = {
    context,
    extendContext,
    params,
    validateFn: nothing,
    addValidationRule(rule) {
      params.rules ??= [];
      params.rules.push(rule);
    },
    setValidationFn(next) {
      payload.validateFn = next;
    },
    setResult(next) {
      result = next;
    },
  };
  for (const hook of hooks) {
    const after = hook(payload);
    if (after) afterwards.push(after);
  }
  const { rules, typeInfo, options } = params;
  const errors = result ?? payload.validateFn(schema, documentAST, rules, typeInfo, options);
  const after: Parameters<AfterOf<'onValidate'>>[0] = {
    valid: errors.length === 0,
    result: errors,
    context,
    extendContext,
    setResult(next) {
      after.result = next;
    },
  };
  for (const hook of afterwards) hook(after);
  // The rules make nothing else.
  return after.result as readonly GraphQLError[];
}

type Done = Extract<
  Awaited<ReturnType<NonNullable<AfterOf<'onExecute'>['onExecuteDone']>>>,
  object
>;

/** What was executed as a stream, as hooks change what it gives; they are told of its end, too. */
async function* watched(
  stream: AsyncIterable<ExecutionResult>,
  args: ExecutionArguments,
  done: readonly Done[],
): AsyncGenerator<ExecutionResult, void> {
  try {
    for await (const given of stream) {
      const payload = {
        args,
        result: given,
        setResult(next: ExecutionResult) {
          payload.result = next;
        },
      };
      for (const { onNext } of done) await onNext?.(payload);
      yield payload.result;
    }
  } finally {
    for (const { onEnd } of done) onEnd?.();
  }
}

function executed(
  hooks: OperationHooks['onExecute'],
  args: ExecutionArguments,
): MaybePromise<Executed> {
  const { contextValue: context } = args;
  const afterwards: AfterOf<'onExecute'>[] = [];
  let stopped: ExecutionResult | null = null;
  const payload: PayloadOf<'onExecute'> = {
    args,
    context,
    extendContext: extending(context),
    executeFn: nothing,
    setExecuteFn(next) {
      payload.executeFn = next;
    },
    setResultAndStopExecution(result) {
      stopped = result;
    },
  };
  const called = inTurn(
    hooks,
    (hook) => whenThere(hook(payload), (after) => void (after && afterwards.push(after))),
    () => stopped !== null,
  );
  return whenThere(called, () =>
    whenThere<Executed, Executed>(stopped ?? payload.executeFn(args), (result) => {
      const done: Done[] = [];
      const after: Parameters<NonNullable<AfterOf<'onExecute'>['onExecuteDone']>>[0] = {
        args,
        result,
        setResult(next) {
          after.result = next;
        },
      };
      const told = inTurn(afterwards, ({ onExecuteDone }) =>
        whenThere(onExecuteDone?.(after), (more) => void (more && done.push(more))),
      );
      return whenThere(told, () =>
        isAsyncIterable(after.result) ? watched(after.result, args, done) : after.result,
      );
    }),
  );
}

/**
 * Runs an operation as envelop does, with the same hooks of the same plugins in the same order. What envelop makes
 * for each hook is made once for each phase, where a hook finds what those before it have changed, and nothing waits
 * where no hook makes it wait.
 */
export function operationRunner({ onParse, onValidate, onExecute, around }: OperationHooks) {
  return (
    enveloped: Enveloped,
    params: GraphQLParams,
    context: YogaInitialContext,
  ): MaybePromise<Executed> => {
    const { schema } = enveloped;
    const timed = { context };
    return whenThere(
      within(around.parse, timed, () => parsed(onParse, params.query ?? '', context)),
      (document) =>
        whenThere(
          within(around.validate, timed, () => validated(onValidate, schema, document, context)),
          (errors) => {
            if (errors.length > 0) return { errors };
            return whenThere(enveloped.contextFactory(), (contextValue) => {
              const { variables: variableValues, operationName } = params;
              const args = { schema, document, contextValue, variableValues, operationName };
              const operation = getOperationAST(document, operationName)?.operation;
              if (operation === 'subscription') return enveloped.subscribe(args);
              return within(around.execute, { context: contextValue }, () =>
                executed(onExecute, args),
              );
            });
          },
        ),
    );
  };
}
