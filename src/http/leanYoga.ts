import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServerAdapter } from '@whatwg-node/server';
import { Kind } from 'graphql';
import {
  composeInstrumentation,
  type GraphQLParams,
  type Instrumentation,
  isAsyncIterable,
  isPromise,
  type YogaInitialContext,
  YogaServer,
  type YogaServerOptions,
} from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { inTurn, type MaybePromise, whenThere, within } from './hooks.ts';
import { JsonRequest } from './jsonRequest.ts';
import {
  type Executed,
  type HookOf,
  type Hooks,
  operationRunner,
  type PayloadOf,
} from './leanOperation.ts';

type Yoga = YogaServer<object, object>;
/** What Yoga gets beside the request. */
type ServerContext = Parameters<Yoga['handle']>[1];
type Result = PayloadOf<'onExecutionResult'>['result'];
type RequestParseDone = NonNullable<
  Extract<Awaited<ReturnType<HookOf<'onRequestParse'>>>, object>['onRequestParseDone']
>;

/** Who writes a result, by what the client accepts. */
interface Negotiated {
  resultProcessor: PayloadOf<'onResultProcess'>['resultProcessor'];
  acceptedMediaType: string;
  acceptableMediaTypes: readonly string[];
}

/** Clients send a few, which are short. */
const MAX_ACCEPT_LENGTH = 300;

/** Of a query or a mutation: a subscription has a stream, or errors alone. */
const hasData = (result: Result): boolean =>
  result !== undefined && !Array.isArray(result) && 'data' in result && result.data != null;

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
  /** What the first of them found, by what is accepted. */
  readonly #negotiated = new LRUCache<string, Negotiated>({ max: 100 });
  readonly #onResponse = this.#hooksOf('onResponse');
  readonly #around = this.#instrumentation();
  readonly #run = operationRunner({
    onParse: this.#hooksOf('onParse'),
    onValidate: this.#hooksOf('onValidate'),
    onExecute: this.#hooksOf('onExecute'),
    around: this.#around,
  });
  /** What went wrong on the light way: the usual one is told it, and answers. */
  readonly #failures = new WeakMap<Request, { error: unknown }>();
  /** The streams and failures of operations: the usual way makes results of them. */
  readonly #outcomes = new WeakMap<object, () => Executed>();

  constructor(options: YogaServerOptions<object, object>) {
    super(options);
    const { parseRequest, getEnveloped } = this;
    this.parseRequest = (request, serverContext) => {
      const failure = this.#failures.get(request);
      if (failure) throw failure.error;
      return parseRequest(request, serverContext);
    };
    const known = (outcome: () => Executed) => ({
      parse: () => ({ kind: Kind.DOCUMENT, definitions: [] }),
      validate: () => [],
      contextFactory: () => ({}),
      execute: outcome,
      subscribe: outcome,
    });
    Object.assign(this, {
      getEnveloped: (context: YogaInitialContext) => {
        const outcome = this.#outcomes.get(context);
        return outcome ? known(outcome) : getEnveloped(context);
      },
    });
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
    let response: Response | undefined;
    const payload: PayloadOf<'onRequest'> = {
      request: given,
      setRequest(next) {
        payload.request = next;
      },
      serverContext,
      fetchAPI: this.fetchAPI,
      url: lazyUrl(() => payload.request.url),
      requestHandler: this.#handleLight,
      setRequestHandler(next) {
        payload.requestHandler = next;
      },
      endResponse(early) {
        response = early;
      },
    };
    const called = inTurn(
      this.#onRequest,
      (hook) => hook(payload),
      () => response !== undefined,
    );
    return whenThere(called, () =>
      whenThere<Response, Response>(
        response ?? payload.requestHandler(payload.request, serverContext),
        (answered) => this.#responded(payload.request, answered, serverContext),
      ),
    );
  }

  #responded(
    request: Request,
    answered: Response,
    serverContext: ServerContext,
  ): MaybePromise<Response> {
    const payload: PayloadOf<'onResponse'> = {
      request,
      response: answered,
      serverContext,
      setResponse(next) {
        payload.response = next;
      },
      fetchAPI: this.fetchAPI,
    };
    const called = inTurn(this.#onResponse, (hook) => hook(payload));
    return whenThere(called, () => payload.response);
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
    let response: Response | undefined;
    const doneHooks: RequestParseDone[] = [];
    const payload: PayloadOf<'onRequestParse'> = {
      request,
      url: lazyUrl(() => request.url),
      requestParser: undefined,
      serverContext,
      setRequestParser(next) {
        payload.requestParser = next;
      },
      endResponse(early) {
        response = early;
      },
      fetchAPI,
    };
    const called = inTurn(
      this.#onRequestParse,
      (hook) =>
        whenThere(hook(payload), (result) => {
          if (result?.onRequestParseDone) doneHooks.push(result.onRequestParseDone);
        }),
      () => response !== undefined,
    );
    return whenThere(called, () => {
      if (response) return response;
      // Somebody who reads JSON is always there.
      if (!payload.requestParser) throw new TypeError('Nobody reads the request.');
      return whenThere<GraphQLParams | GraphQLParams[] | Response, Response>(
        payload.requestParser(request),
        (parsed) => {
          if (parsed instanceof fetchAPI.Response) return parsed;
          const done: Parameters<RequestParseDone>[0] = {
            requestParserResult: parsed as GraphQLParams | GraphQLParams[],
            setRequestParserResult(next) {
              done.requestParserResult = next;
            },
          };
          return whenThere(
            inTurn(doneHooks, (hook) => hook(done)),
            () => {
              const params = done.requestParserResult;
              // Yoga refuses several operations at once, as it is told.
              if (Array.isArray(params)) throw new TypeError('There are several operations.');
              return this.#operation(request, params, serverContext);
            },
          );
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
    let result: Result;
    const payload: PayloadOf<'onParams'> = {
      params: given,
      request,
      setParams(next) {
        payload.params = next;
      },
      paramsHandler: this.#handleParams,
      setParamsHandler(next) {
        payload.paramsHandler = next;
      },
      setResult(next) {
        result = next;
      },
      fetchAPI: this.fetchAPI,
      context,
    };
    const called = inTurn(this.#onParams, (hook) => hook(payload));
    return whenThere(called, () =>
      whenThere<Result, Result>(
        result || payload.paramsHandler({ request, params: payload.params, context }),
        (executed) => {
          const after: PayloadOf<'onExecutionResult'> = {
            result: executed,
            setResult(next) {
              after.result = next;
            },
            request,
            context,
          };
          const told = inTurn(this.#onExecutionResult, (hook) => hook(after));
          return whenThere(told, () => after.result);
        },
      ),
    );
  }

  readonly #handleParams: Yoga['handleParams'] = (payload) => {
    const { request, params, context } = payload;
    context.request = request;
    context.params = params;
    const handOver = (outcome: () => Executed) => {
      this.#outcomes.set(context, outcome);
      return this.handleParams(payload);
    };
    const failed = (error: unknown) =>
      handOver(() => {
        throw error;
      });
    const succeeded = (executed: Executed) =>
      isAsyncIterable(executed) ? handOver(() => executed) : executed;
    try {
      const executed = this.#run(this.getEnveloped(context), params, context);
      return isPromise(executed)
        ? Promise.resolve(executed).then(succeeded, failed)
        : succeeded(executed);
    } catch (error) {
      return failed(error);
    }
  };

  #processed(
    request: Request,
    executed: Result,
    serverContext: ServerContext,
  ): MaybePromise<Response> {
    // Yoga hands it on like this.
    const result = executed as PayloadOf<'onResultProcess'>['result'];
    const accept = hasData(executed) ? request.headers.get('accept') : null;
    const known = accept === null ? undefined : this.#negotiated.get(accept);
    const acceptableMediaTypes = known ? [...known.acceptableMediaTypes] : [];
    let acceptedMediaType = known?.acceptedMediaType ?? '*/*';
    const payload: PayloadOf<'onResultProcess'> = {
      request,
      acceptableMediaTypes,
      result,
      setResult(next) {
        payload.result = next;
      },
      resultProcessor: known?.resultProcessor,
      setResultProcessor(next, mediaType) {
        payload.resultProcessor = next;
        acceptedMediaType = mediaType;
      },
      serverContext,
    };
    if (!known) {
      // Yoga's own, which looks at no more than that, whether there is a stream, and whether it is a subscription.
      this.#onResultProcess[0]?.(payload);
      if (accept !== null && accept.length < MAX_ACCEPT_LENGTH) {
        this.#negotiated.set(accept, {
          resultProcessor: payload.resultProcessor,
          acceptedMediaType,
          // Other hooks may add to it.
          acceptableMediaTypes: [...acceptableMediaTypes],
        });
      }
    }
    const called = inTurn(this.#onResultProcess, (hook) => hook(payload), undefined, 1);
    return whenThere(called, () => {
      const { resultProcessor, result } = payload;
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

/**
 * Makes Yoga, and gives what answers Node's requests by Fetch's responses. The context is made here, in one go: what
 * Yoga's option `context` gives costs two microseconds, as its hooks may make somebody wait.
 */
export function createLeanYoga<
  OwnContext extends object,
  CommonContext extends object,
  NewContext extends object,
>(
  commonContext: CommonContext,
  newContext: () => NewContext,
  options: YogaServerOptions<OwnContext & CommonContext & NewContext & Exchange, object>,
): AnswerRequest<OwnContext> {
  // What its hooks are called with is not known here, and handed on as it is.
  const yoga = new LeanYoga(options as unknown as YogaServerOptions<object, object>);
  const { handleNodeRequestAndResponse, waitUntil } = yoga.adapter;
  return (exchange, ownContext, text) => {
    const { req, res } = exchange;
    const serverContext = {
      ...commonContext,
      ...newContext(),
      ...ownContext,
      req,
      res,
      waitUntil,
      // Yoga sets them, and what has a place for them already is not made into a slower object.
      request: undefined,
      params: undefined,
    };
    return text === null
      ? handleNodeRequestAndResponse(req, res, serverContext)
      : yoga.answer(new JsonRequest(req, res, text), serverContext);
  };
}
