import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServerAdapter } from '@whatwg-node/server';
import {
  composeInstrumentation,
  type GraphQLParams,
  type Instrumentation,
  isPromise,
  type Plugin,
  type YogaInitialContext,
  YogaServer,
  type YogaServerOptions,
} from 'graphql-yoga';
import { JsonRequest } from './jsonRequest.ts';

type MaybePromise<Value> = Value | PromiseLike<Value>;
type Yoga = YogaServer<object, object>;
type Hooks = Plugin<object, object, object>;
type HookOf<Name extends keyof Hooks> = Extract<Hooks[Name], (payload: never) => unknown>;
type PayloadOf<Name extends keyof Hooks> = Parameters<HookOf<Name>>[0];
/** What Yoga gets beside the request. */
type ServerContext = Parameters<Yoga['handle']>[1];
type Result = PayloadOf<'onExecutionResult'>['result'];

/** Goes on with a value: at once where it is there. */
const whenThere = <Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> => (isPromise(value) ? value.then(next) : next(value));

/** Calls hooks one after the other, until it is over. */
function inTurn<Hook>(
  hooks: readonly Hook[],
  call: (hook: Hook) => unknown,
  isOver: () => boolean = () => false,
  from = 0,
): MaybePromise<void> {
  for (let index = from; index < hooks.length; index += 1) {
    // There are as many.
    const called = call(hooks[index] as Hook);
    if (isPromise(called)) {
      return called.then(() => (isOver() ? undefined : inTurn(hooks, call, isOver, index + 1)));
    }
    if (isOver()) return;
  }
}

type Around<Payload> =
  | ((payload: Payload, run: () => Promise<void> | void) => MaybePromise<void>)
  | undefined;

/** Runs something within what plugins put around it, and gives what it gives. */
function within<Payload, Value>(
  around: Around<Payload>,
  payload: Payload,
  run: () => MaybePromise<Value>,
): MaybePromise<Value> {
  if (!around) return run();
  let value: MaybePromise<Value> | undefined;
  const ran = around(payload, () => {
    value = run();
    if (isPromise(value)) return Promise.resolve(value).then(() => {});
  });
  // What is put around something has to run it.
  return whenThere(ran, () => value as MaybePromise<Value>);
}

/** A URL that is parsed once, where somebody looks at it. */
function lazyUrl(address: () => string): URL {
  let parsed: URL | undefined;
  return new Proxy({} as URL, {
    get(_target, name) {
      parsed ??= new URL(address());
      return Reflect.get(parsed, name, parsed);
    },
  });
}

/**
 * Yoga with a way of its own from a light request to the response. It calls the same hooks of the same plugins in
 * the same order with the same payloads; Yoga's own way makes hundreds of functions and promises to wait for hooks
 * that make nobody wait. `test/jsonRequest.test.ts` holds both equal.
 */
class LeanYoga extends YogaServer<object, object> {
  readonly #onRequest = this.#hooksOf('onRequest');
  readonly #onRequestParse = this.#hooksOf('onRequestParse');
  readonly #onParams = this.#hooksOf('onParams');
  readonly #onExecutionResult = this.#hooksOf('onExecutionResult');
  readonly #onResultProcess = this.#hooksOf('onResultProcess');
  readonly #onResponse = this.#hooksOf('onResponse');
  readonly #around = this.#instrumentation();
  /** What went wrong on the light way: the usual one is told it, and answers. */
  readonly #failures = new WeakMap<Request, { error: unknown }>();

  constructor(options: YogaServerOptions<object, object>) {
    super(options);
    const { parseRequest } = this;
    this.parseRequest = (request, serverContext) => {
      const failure = this.#failures.get(request);
      if (failure) throw failure.error;
      return parseRequest(request, serverContext);
    };
  }

  #hooksOf<Name extends keyof Hooks>(name: Name): HookOf<Name>[] {
    // A hook that a plugin has is of its name's type.
    return this.plugins.flatMap((plugin) => (plugin[name] as HookOf<Name> | undefined) ?? []);
  }

  #instrumentation(): Instrumentation<YogaInitialContext> {
    const all = this.plugins.flatMap(({ instrumentation }) => instrumentation ?? []);
    return composeInstrumentation(all) ?? {};
  }

  /** The server adapter of Yoga, for requests of all kinds. */
  get adapter() {
    return createServerAdapter(this, { fetchAPI: this.fetchAPI, plugins: this.plugins });
  }

  /** Answers a light request. */
  answer(light: JsonRequest, serverContext: ServerContext): MaybePromise<Response> {
    // It has all members of one.
    const request = light as unknown as Request;
    return within(this.#around.request, { request }, () => this.#requested(request, serverContext));
  }

  #requested(given: Request, serverContext: ServerContext): MaybePromise<Response> {
    const { fetchAPI } = this;
    let request = given;
    const url = lazyUrl(() => request.url);
    let requestHandler: PayloadOf<'onRequest'>['requestHandler'] = this.#handleLight;
    let response: Response | undefined;
    const called = inTurn(
      this.#onRequest,
      (hook) =>
        hook({
          request,
          setRequest(next) {
            request = next;
          },
          serverContext,
          fetchAPI,
          url,
          requestHandler,
          setRequestHandler(next) {
            requestHandler = next;
          },
          endResponse(early) {
            response = early;
          },
        }),
      () => response !== undefined,
    );
    return whenThere(called, () =>
      whenThere<Response, Response>(
        response ?? requestHandler(request, serverContext),
        (answered) => this.#responded(request, answered, serverContext),
      ),
    );
  }

  #responded(
    request: Request,
    answered: Response,
    serverContext: ServerContext,
  ): MaybePromise<Response> {
    const { fetchAPI } = this;
    let response = answered;
    const called = inTurn(this.#onResponse, (hook) =>
      hook({
        request,
        response,
        serverContext,
        setResponse(next) {
          response = next;
        },
        fetchAPI,
      }),
    );
    return whenThere(called, () => response);
  }

  readonly #handleLight: Yoga['handle'] = (request, serverContext) => {
    const failed = (error: unknown) => {
      this.#failures.set(request, { error });
      return this.handle(request, serverContext);
    };
    try {
      const answered = this.#parsed(request, serverContext);
      return isPromise(answered) ? Promise.resolve(answered).catch(failed) : answered;
    } catch (error) {
      return failed(error);
    }
  };

  #parsed(request: Request, serverContext: ServerContext): MaybePromise<Response> {
    const { fetchAPI } = this;
    const url = lazyUrl(() => request.url);
    let requestParser: PayloadOf<'onRequestParse'>['requestParser'];
    let response: Response | undefined;
    const doneHooks: ((payload: {
      requestParserResult: GraphQLParams | GraphQLParams[];
      setRequestParserResult(next: GraphQLParams | GraphQLParams[]): void;
    }) => unknown)[] = [];
    const called = inTurn(
      this.#onRequestParse,
      (hook) =>
        whenThere(
          hook({
            request,
            url,
            requestParser,
            serverContext,
            setRequestParser(next) {
              requestParser = next;
            },
            endResponse(early) {
              response = early;
            },
            fetchAPI,
          }),
          (result) => {
            if (result?.onRequestParseDone) doneHooks.push(result.onRequestParseDone);
          },
        ),
      () => response !== undefined,
    );
    return whenThere(called, () => {
      if (response) return response;
      // Somebody who reads JSON is always there.
      if (!requestParser) throw new TypeError('Nobody reads the request.');
      return whenThere<GraphQLParams | GraphQLParams[] | Response, Response>(
        requestParser(request),
        (parsed) => {
          if (parsed instanceof fetchAPI.Response) return parsed;
          let params = parsed as GraphQLParams | GraphQLParams[];
          const done = inTurn(doneHooks, (hook) =>
            hook({
              requestParserResult: params,
              setRequestParserResult(next) {
                params = next;
              },
            }),
          );
          return whenThere(done, () => {
            // Yoga refuses several operations at once, as it is told.
            if (Array.isArray(params)) throw new TypeError('There are several operations.');
            return this.#operation(request, params, serverContext);
          });
        },
      );
    });
  }

  #operation(
    request: Request,
    params: GraphQLParams,
    serverContext: ServerContext,
  ): MaybePromise<Response> {
    // What executes it adds to it what Yoga's context has.
    const context = serverContext as PayloadOf<'onExecutionResult'>['context'];
    const result = within(this.#around.operation, { context, request }, () =>
      this.#result(request, params, context),
    );
    return whenThere(result, (executed) =>
      within(this.#around.resultProcess, { request }, () =>
        this.#processed(request, executed, serverContext),
      ),
    );
  }

  #result(
    request: Request,
    given: GraphQLParams,
    context: PayloadOf<'onExecutionResult'>['context'],
  ): MaybePromise<Result> {
    const { fetchAPI } = this;
    let params = given;
    let paramsHandler = this.handleParams;
    let result: Result;
    const called = inTurn(this.#onParams, (hook) =>
      hook({
        params,
        request,
        setParams(next) {
          params = next;
        },
        paramsHandler,
        setParamsHandler(next) {
          paramsHandler = next;
        },
        setResult(next) {
          result = next;
        },
        fetchAPI,
        context,
      }),
    );
    return whenThere(called, () =>
      whenThere<Result, Result>(
        result || paramsHandler({ request, params, context }),
        (executed) => {
          result = executed;
          const after = inTurn(this.#onExecutionResult, (hook) =>
            hook({
              result,
              setResult(next) {
                result = next;
              },
              request,
              context,
            }),
          );
          return whenThere(after, () => result);
        },
      ),
    );
  }

  #processed(
    request: Request,
    executed: Result,
    serverContext: ServerContext,
  ): MaybePromise<Response> {
    // Yoga hands it on like this.
    let result = executed as PayloadOf<'onResultProcess'>['result'];
    const acceptableMediaTypes: string[] = [];
    let resultProcessor: PayloadOf<'onResultProcess'>['resultProcessor'];
    let acceptedMediaType = '*/*';
    const called = inTurn(this.#onResultProcess, (hook) =>
      hook({
        request,
        acceptableMediaTypes,
        result,
        setResult(next) {
          result = next;
        },
        resultProcessor,
        setResultProcessor(next, mediaType) {
          resultProcessor = next;
          acceptedMediaType = mediaType;
        },
        serverContext,
      }),
    );
    return whenThere(called, () => {
      if (resultProcessor) return resultProcessor(result, this.fetchAPI, acceptedMediaType);
      return new this.fetchAPI.Response(null, {
        status: 406,
        statusText: 'Not Acceptable',
        headers: { accept: acceptableMediaTypes.join('; charset=utf-8, ') },
      });
    });
  }
}

/** The two ends of a request as Node has them. */
export interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
}

export type AnswerRequest<Context> = (
  exchange: Exchange,
  context: Context,
  /** The body, where it is JSON and was read before. */
  text: string | null,
) => MaybePromise<Response>;

/** Makes Yoga, and gives what answers Node's requests by Fetch's responses. */
export function createLeanYoga<Context extends object, UserContext extends object>(
  options: YogaServerOptions<Context & Exchange, UserContext>,
): AnswerRequest<Context> {
  // What its hooks are called with is not known here, and handed on as it is.
  const yoga = new LeanYoga(options as unknown as YogaServerOptions<object, object>);
  const { handleNodeRequestAndResponse, waitUntil } = yoga.adapter;
  return (exchange, context, text) => {
    const { req, res } = exchange;
    const serverContext = { ...context, req, res, waitUntil };
    return text === null
      ? handleNodeRequestAndResponse(req, res, serverContext)
      : yoga.answer(new JsonRequest(req, res, text), serverContext);
  };
}
