import type { ExecutionArgs } from 'graphql';
import { createSourceEventStream, type ExecutionResult, execute, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Viewer } from '../auth/viewer.ts';
import { sightOf } from '../auth/visibility.ts';
import type { Loaders } from '../loaders/index.ts';
import type { Context } from '../schema/context.ts';

type SubscriptionContext = Context & { request: Request };
type Execution = ExecutionArgs & { contextValue: SubscriptionContext };

interface Options {
  /** How often it is looked up whether the viewer may still listen, where nothing else happens. */
  recheckMs: number;
  newLoaders: () => Loaders;
  maskError: (error: unknown) => Error;
  /** Runs an event as an operation of its own. */
  trace: (execution: Execution, run: () => Promise<ExecutionResult>) => Promise<ExecutionResult>;
}

const isSameSight = (one: Viewer | null, other: Viewer | null): boolean =>
  sightOf(one)?.userId === sightOf(other)?.userId;

/**
 * The answers of one subscription, made when the client reads. Each event has loaders of its own, so
 * that it sees the rows as they are, and is for who the viewer is then: who may see less than at the
 * beginning gets nothing more.
 */
class Answers implements AsyncIterableIterator<ExecutionResult, void> {
  readonly #source: AsyncIterator<unknown, void>;
  readonly #execution: Execution;
  readonly #options: Options;
  readonly #onEnd: (answers: Answers) => void;
  #refusal: Error | null = null;
  #isOver = false;

  constructor(
    source: AsyncIterator<unknown, void>,
    execution: Execution,
    options: Options,
    onEnd: (answers: Answers) => void,
  ) {
    this.#source = source;
    this.#execution = execution;
    this.#options = options;
    this.#onEnd = onEnd;
  }

  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    try {
      const event = await this.#source.next();
      if (!event.done && (await this.recheck())) {
        return { done: false, value: await this.#answer(event.value) };
      }
    } catch (error) {
      this.#refuse(error);
    }
    return this.#last();
  }

  async return(): Promise<IteratorResult<ExecutionResult, void>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether the viewer may see what they could at the beginning; where not, this ends. */
  async recheck(): Promise<boolean> {
    const { authenticator, request, viewer } = this.#execution.contextValue;
    try {
      const now = await authenticator.authenticate(request.headers.get('authorization'));
      if (isSameSight(now, viewer)) this.#execution.contextValue.viewer = now;
      else this.#end();
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      this.#refuse(error);
    }
    return !this.#isOver;
  }

  async #answer(event: unknown): Promise<ExecutionResult> {
    const { newLoaders, maskError, trace } = this.#options;
    const contextValue = { ...this.#execution.contextValue, loaders: newLoaders() };
    const execution = { ...this.#execution, contextValue, rootValue: event };
    return trace(execution, async () => {
      const result = await execute(execution);
      // Here, since a masked error names the trace.
      const errors = result.errors?.map((error) => maskError(error) as GraphQLError);
      return errors ? { ...result, errors } : result;
    });
  }

  #refuse(error: unknown): void {
    if (!this.#isOver) this.#refusal = this.#options.maskError(error);
    this.#end();
  }

  /** Lets a `next` that waits for the source go on, too. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(this);
    this.#source.return?.().catch(() => undefined);
  }

  /** Says once why this ended, if there is a reason to tell. */
  #last(): IteratorResult<ExecutionResult, void> {
    this.#end();
    const refusal = this.#refusal;
    this.#refusal = null;
    return refusal
      ? { done: false, value: { errors: [refusal as GraphQLError] } }
      : { done: true, value: undefined };
  }
}

/** Runs subscriptions. */
export function useSubscriptions(options: Options): Plugin<Context> {
  const running = new Set<Answers>();
  let timer: NodeJS.Timeout | undefined;
  // All at one moment, so that those who ask are looked up together.
  const recheckAll = (): void => {
    // A look-up that failed says nothing: the next one will, or the next event.
    for (const answers of running) answers.recheck().catch(() => undefined);
  };
  const onEnd = (answers: Answers): void => {
    running.delete(answers);
    if (running.size === 0) clearInterval(timer);
  };
  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(async (args) => {
        // The context is what server.ts makes, and the request that Yoga adds.
        const execution = args as Execution;
        const source = await createSourceEventStream(execution);
        if (!(Symbol.asyncIterator in source)) return source;
        const iterator = source[Symbol.asyncIterator]() as AsyncIterator<unknown, void>;
        const answers = new Answers(iterator, execution, options, onEnd);
        if (running.size === 0) timer = setInterval(recheckAll, options.recheckMs).unref();
        running.add(answers);
        execution.contextValue.request.signal.addEventListener('abort', () => answers.return());
        return answers;
      });
    },
  };
}
