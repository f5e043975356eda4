import type { Client, Connection, FieldDef, QueryResult, Submittable } from 'pg';
import { prepareValue } from 'pg/lib/utils.js';

type Parse = (text: string) => unknown;

/** What a statement gives: how its columns are called, and are read. */
interface Description {
  fields: FieldDef[];
  parsers: readonly Parse[];
  /** A row with all of them, which others are copied from. */
  row: Readonly<Record<string, unknown>>;
}

type Descriptions = Map<string, Description | null>;

/** Of each connection, what it has prepared, by name; null where it is not described yet. */
const prepared = new WeakMap<object, Descriptions>();

/** How many statements a connection has prepared. */
export const countPrepared = (client: object): number => prepared.get(client)?.size ?? 0;

function preparedOn(client: object): Descriptions {
  let descriptions = prepared.get(client);
  if (!descriptions) {
    descriptions = new Map();
    prepared.set(client, descriptions);
  }
  return descriptions;
}

/** What of pg's own connection its types don't have, or have with arguments that it doesn't read. */
interface OpenConnection {
  stream: Connection['stream'];
  /** The texts of what is prepared, by name. */
  parsedStatements: Record<string, string | undefined>;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: readonly unknown[] }): void;
  describe(message: { type: 'P' }): void;
  execute(message: object): void;
  sync(): void;
}

interface Sent {
  name: string;
  text: string;
  values: readonly unknown[];
  /** Whether a row is to be the values of its columns, in order. */
  asArrays: boolean;
  /** What reads values of a type. */
  parserOf(type: number): Parse;
}

/**
 * A statement that a connection keeps prepared, of which it is asked once which columns it gives. pg asks each time and
 * reads the answer, which is a fifth of what a page of 20 costs it. Where another answer would come, PostgreSQL refuses
 * the statement.
 */
export class NamedStatement implements Submittable {
  readonly name: string;
  readonly text: string;
  readonly #values: readonly unknown[];
  readonly #asArrays: boolean;
  readonly #parserOf: Sent['parserOf'];
  readonly #descriptions: Descriptions;
  #description: Description | null;
  readonly #rows: unknown[] = [];
  /** Such as `INSERT 0 1` or `SELECT 20`. */
  #outcome = '';
  /** Why a row could not be read; the rest of the answer is still to come. */
  #fault: Error | null = null;
  readonly #answer = Promise.withResolvers<QueryResult>();

  constructor(client: object, { name, text, values, asArrays, parserOf }: Sent) {
    this.name = name;
    this.text = text;
    // What can't be sent is refused before anything is.
    this.#values = values.map((value) => prepareValue(value));
    this.#asArrays = asArrays;
    this.#parserOf = parserOf;
    this.#descriptions = preparedOn(client);
    this.#description = this.#descriptions.get(name) ?? null;
    if (!this.#description) this.#descriptions.set(name, null);
  }

  get answer(): Promise<QueryResult> {
    return this.#answer.promise;
  }

  submit(given: Connection): void {
    // It has what pg's own queries call.
    const connection = given as unknown as OpenConnection;
    const { name, text } = this;
    connection.stream.cork();
    try {
      if (connection.parsedStatements[name] === undefined) connection.parse({ name, text });
      connection.bind({ statement: name, values: this.#values });
      if (!this.#description) connection.describe({ type: 'P' });
      connection.execute({});
      connection.sync();
    } finally {
      // Nothing would ever be sent by the connection again.
      connection.stream.uncork();
    }
  }

  handleRowDescription({ fields }: { fields: FieldDef[] }): void {
    this.#describe(fields);
  }

  #describe(fields: FieldDef[]): void {
    this.#description = {
      fields,
      parsers: fields.map(({ dataTypeID }) => this.#parserOf(dataTypeID)),
      row: Object.fromEntries(fields.map(({ name }) => [name, null])),
    };
    this.#descriptions.set(this.name, this.#description);
  }

  handleDataRow({ fields: texts }: { fields: (string | null)[] }): void {
    if (this.#fault) return;
    try {
      this.#rows.push(this.#read(texts));
    } catch (error) {
      // Whoever reads the socket would be told, and that ends the process. Parsers throw nothing but errors.
      this.#fault = error as Error;
    }
  }

  #read(texts: readonly (string | null)[]): unknown {
    // A description comes before any row.
    const { fields, parsers, row } = this.#description as Description;
    const values = texts.map((text, index) => (text === null ? null : parsers[index]?.(text)));
    if (this.#asArrays) return values;
    const named = { ...row };
    for (let index = 0; index < values.length; index += 1) {
      // There are as many.
      named[(fields[index] as FieldDef).name] = values[index];
    }
    return named;
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#outcome = text;
    // What has no rows is not described.
    if (!this.#description) this.#describe([]);
  }

  handleReadyForQuery(): void {
    if (this.#fault) this.#answer.reject(this.#fault);
    const [command = '', ...counts] = this.#outcome.split(' ');
    this.#answer.resolve({
      command,
      rowCount: counts.length > 0 ? Number(counts.at(-1)) : null,
      oid: 0,
      fields: this.#description?.fields ?? [],
      rows: this.#rows,
    });
  }

  handleError(error: Error): void {
    this.#answer.reject(error);
  }
}

/** Sends a statement by its name, and gives what pg would. */
export const sendNamed = (client: Client, sent: Sent): Promise<QueryResult> =>
  client.query(new NamedStatement(client, sent)).answer;
