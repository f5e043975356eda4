import { Worker } from 'node:worker_threads';
import type { SqliteColumn, SqliteFile, SqliteOutcome } from './sqliteConnection.ts';
import type { ThreadAnswer, ThreadStatement } from './sqliteThread.ts';

const ended = (): Error => new Error('The thread of the database has ended.');

/** A connection whose statements run on a thread of its own. It takes one at a time, as Knex sends them. */
export class SqliteThreadConnection {
  readonly #thread: Worker;
  #isOpen = true;
  #pending: PromiseWithResolvers<ThreadAnswer> | null = null;

  constructor(file: SqliteFile) {
    this.#thread = new Worker(new URL('./sqliteThread.ts', import.meta.url), { workerData: file });
    this.#thread.on('message', (answer: ThreadAnswer) => this.#pending?.resolve(answer));
    this.#thread.on('error', (error) => this.#pending?.reject(error));
    this.#thread.on('exit', () => {
      this.#isOpen = false;
      this.#pending?.reject(ended());
    });
    // It keeps the process alive only while something is asked of it.
    this.#thread.unref();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async #ask(statement: ThreadStatement): Promise<Exclude<ThreadAnswer, { fault: unknown }>> {
    if (!this.#isOpen) throw ended();
    this.#pending = Promise.withResolvers();
    this.#thread.ref();
    try {
      this.#thread.postMessage(statement);
      const answer = await this.#pending.promise;
      if (!('fault' in answer)) return answer;
      const { message, code } = answer.fault;
      throw Object.assign(new Error(message), { code });
    } finally {
      this.#pending = null;
      this.#thread.unref();
    }
  }

  async run(sql: string, bindings: readonly unknown[], asArrays: boolean): Promise<SqliteOutcome> {
    const answer = await this.#ask({ sql, bindings, asArrays });
    if ('outcome' in answer) return answer.outcome;
    throw new TypeError('The thread answered something else than was asked.');
  }

  async columns(sql: string): Promise<SqliteColumn[]> {
    const answer = await this.#ask({ sql, bindings: null, asArrays: false });
    if ('columns' in answer) return answer.columns;
    throw new TypeError('The thread answered something else than was asked.');
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
