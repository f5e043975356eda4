import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { isObjectType } from 'graphql';
import type { SentStatement } from '../../src/db/dialect.ts';
import { fingerprintOf } from '../../src/perf/fingerprint.ts';
import type { Context } from '../../src/schema/context.ts';
import { createSchema } from '../../src/schema/index.ts';
import { type ApiOptions, startApi, type TestApi } from '../harness/api.ts';
import type { Client } from '../harness/client.ts';
import type { TestDatabase } from '../harness/databases.ts';
import { mayGrow } from './growing.ts';
import type { WalkedOperation } from './operations.ts';
import { variablesFor } from './rows.ts';
import type { WorkMeter } from './work.ts';

/** A server that the walk asks as its first user, an administrator. */
export interface WalkApi extends TestApi {
  viewer: Client;
}

/** Limits are off, and the viewer is looked up once: the walk counts what operations send themselves. */
export async function startWalkApi(
  database: TestDatabase,
  options: ApiOptions = {},
): Promise<WalkApi> {
  const limits = { cost: 1e9, depth: 1e9, breadth: 1e9 };
  const api = await startApi(database, {
    viewerTtlMs: 3_600_000,
    ...options,
    config: { limits, ...options.config },
  });
  const { token } = api.given.tokenOf(await api.db('users').where({ id: 1 }).first());
  const viewer = api.client.as(token);
  await viewer.query('{ viewer { id } }');
  return { ...api, viewer };
}

/** The statements that an operation sends. */
export async function statementsOf(
  api: WalkApi,
  query: string,
  variables: Record<string, unknown>,
): Promise<SentStatement[]> {
  api.forgetStatements();
  await api.viewer.query(query, variables);
  return [...api.statements];
}

const byText = (statements: readonly SentStatement[]): Map<string, SentStatement[]> =>
  Map.groupBy(statements, ({ sql }) => fingerprintOf(sql).text);

/** How many keys a statement asks for: those of its list, of which our statements have one at most. */
function keyCount({ bindings }: SentStatement): number {
  for (const value of bindings) {
    if (Array.isArray(value)) return value.length;
    if (typeof value === 'string' && value.startsWith('[')) {
      const keys: unknown = JSON.parse(value);
      if (Array.isArray(keys)) return keys.length;
    }
  }
  return 1;
}

/** The same path twice: half of what the second asks for is in the loaders by then. */
export const twice = (query: string): string =>
  query.replace(/^(query Walk(?:\([^)]*\))?) \{ (.*) \}$/s, '$1 { cold: $2 warm: $2 }');

/** First axis: the number of statements must not grow with the rows. Null, or what is wrong. */
export async function statementOffence(
  api: WalkApi,
  { path, query }: WalkedOperation,
): Promise<string | null> {
  const few = byText(await statementsOf(api, query, await variablesFor(api.db, 3)));
  const many = byText(await statementsOf(api, query, await variablesFor(api.db, 60)));
  for (const [text, statements] of many) {
    const before = few.get(text)?.length ?? 0;
    if (statements.length > before) {
      return `${path}: ${before} statements for 3 rows, ${statements.length} for 60: ${text}`;
    }
  }
  return null;
}

/** The same with a batch cap: a list of keys may take as many statements as the cap makes of it. */
export async function batchCapOffence(
  uncapped: WalkApi,
  capped: WalkApi,
  cap: number,
  { path, query }: WalkedOperation,
): Promise<string | null> {
  const variables = await variablesFor(uncapped.db, 60);
  const whole = byText(await statementsOf(uncapped, query, variables));
  const parts = byText(await statementsOf(capped, query, variables));
  for (const [text, statements] of parts) {
    const allowed = (whole.get(text) ?? [])
      .map((statement) => Math.ceil(keyCount(statement) / cap))
      .reduce((sum, count) => sum + count, 0);
    if (statements.length > allowed) {
      return `${path}: ${statements.length} statements with a cap of ${cap}, ${allowed} allowed: ${text}`;
    }
  }
  return null;
}

/** A database of some size, a server over it, and what counts its work. */
export interface Sized {
  times: number;
  api: WalkApi;
  meter: WorkMeter;
  /** Statements that were measured already: many operations send the same. */
  known: Map<string, Promise<{ steps: number; pages: number }>>;
}

async function workOf({ api, meter, known }: Sized, { query }: WalkedOperation) {
  const statements = await statementsOf(api, query, await variablesFor(api.db, 3));
  const total = { steps: 0, pages: 0 };
  for (const statement of statements.filter(({ sql }) => !mayGrow(sql))) {
    const key = JSON.stringify([statement.sql, statement.bindings]);
    const measured = known.get(key) ?? meter.measure(statement);
    known.set(key, measured);
    const { steps, pages } = await measured;
    total.steps += steps;
    total.pages += pages;
  }
  return total;
}

/**
 * On PostgreSQL a page of two rows may pass through two plan nodes more, its index be a level deeper,
 * and a connection's first sort reads six pages of catalogue: that is not growth. What grows does so by
 * hundreds from the base on. SQLite's steps are held without any of this.
 */
const slack = { steps: 10, pages: 9 };

/** Second axis: the work must not grow with rows that are not returned. Null, or what is wrong. */
export async function workOffence(
  [base, ...larger]: readonly Sized[],
  operation: WalkedOperation,
): Promise<string | null> {
  if (!base) throw new Error('there is no base to compare with');
  const before = await workOf(base, operation);
  for (const sized of larger) {
    const after = await workOf(sized, operation);
    const grown = `with ${sized.times} times as many other rows`;
    if (after.steps > before.steps * 1.05 + (before.pages > 0 ? slack.steps : 0)) {
      return `${operation.path}: ${before.steps} steps become ${after.steps} ${grown}`;
    }
    // A tree of more rows is a level deeper.
    if (after.pages > before.pages * 1.5 + slack.pages) {
      return `${operation.path}: ${before.pages} pages become ${after.pages} ${grown}`;
    }
  }
  return null;
}

/** Runs a check on every operation and gives what is wrong, all of it. */
export async function offences<Operation>(
  operations: readonly Operation[],
  check: (operation: Operation) => Promise<string | null>,
): Promise<string[]> {
  const found: string[] = [];
  for (const operation of operations) {
    const offence = await check(operation);
    if (offence !== null) found.push(offence);
  }
  return found;
}

/** The schema with another resolver in one place, to see that the proof finds it. */
export function planted(
  typeName: string,
  fieldName: string,
  resolve: GraphQLFieldResolver<never, Context>,
): GraphQLSchema {
  const schema = createSchema();
  const type = schema.getType(typeName);
  const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
  if (!field) throw new Error(`there is no ${typeName}.${fieldName}`);
  field.resolve = resolve as GraphQLFieldResolver<unknown, unknown>;
  return schema;
}
