import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import type { Viewer } from '../auth/viewer.ts';
import { explainStatement, findTableFacts } from '../db/explain.ts';
import { ApiError } from '../errors.ts';
import { fingerprintOf } from '../perf/fingerprint.ts';
import { type QueryPlan, queryPlan } from '../perf/queryPlan.ts';
import { traceScope } from '../perf/trace.ts';
import type { Context } from './context.ts';
import { costOf, costRefusal, type QueryLimits } from './queryCost.ts';
import { type RehearsedStatement, rehearsed } from './rehearsal.ts';

interface ExplainRequest {
  operation: string;
  operationName: string | null;
  variables: Record<string, unknown>;
  /** Whose operation it would be; null for that of who asks. */
  asUserId: number | null;
}

export interface ExplainedStatement {
  text: string;
  loader: string | null;
  batchSize: number | null;
  /** Taken when it is first asked for. */
  plan: () => Promise<QueryPlan | null>;
}

/** What the operation would answer in place of a value. */
export interface ExplainedError {
  message: string;
  code: string;
  path: string | null;
}

export interface OperationExplanation {
  cost: QueryLimits;
  statements: ExplainedStatement[];
  errors: ExplainedError[];
}

const refused = (message: string): ApiError => new ApiError('BAD_USER_INPUT', message);

/** The operation, if it is one that only reads. Throws BAD_USER_INPUT. */
function readableOperation(schema: GraphQLSchema, request: ExplainRequest): DocumentNode {
  let document: DocumentNode;
  try {
    document = parse(request.operation);
  } catch (error) {
    const reason = error instanceof GraphQLError ? error.message : 'It is nested too deep.';
    throw refused(`"operation" is not GraphQL: ${reason}`);
  }
  const [fault] = validate(schema, document);
  if (fault) throw refused(`"operation" does not fit the schema: ${fault.message}`);
  const operation = getOperationAST(document, request.operationName);
  if (!operation) throw refused('"operationName" has to name one of the operations.');
  if (operation.operation !== OperationTypeNode.QUERY) {
    throw refused(`Only queries are explained; this is a ${operation.operation}.`);
  }
  return document;
}

async function viewerOf(context: Context, userId: number | null): Promise<Viewer | null> {
  if (userId === null) return context.viewer;
  const user = await context.loaders.userById.load(userId);
  if (!user) throw refused('"asUser" is nobody.');
  if (!user.is_active)
    throw refused(`The account of ${user.username} is closed: it sends nothing.`);
  return { kind: 'user', user };
}

const shownError = ({ message, extensions, path }: GraphQLError): ExplainedError => ({
  message,
  code: typeof extensions.code === 'string' ? extensions.code : 'INTERNAL_SERVER_ERROR',
  path: path?.join('.') ?? null,
});

/** The statements, and how to get their plans. The same text is planned once, with the values of its first. */
function explained(
  { plans: planner }: Context,
  statements: readonly RehearsedStatement[],
): ExplainedStatement[] {
  const plans = new Map<string, Promise<QueryPlan | null>>();
  let tables: ReturnType<typeof findTableFacts> | undefined;
  const planOf = async (statement: RehearsedStatement): Promise<QueryPlan | null> => {
    const { sql } = statement;
    const plan = await explainStatement(planner, statement);
    tables ??= findTableFacts(planner);
    return plan && queryPlan(plan, { sql, returnedRows: null, tables: await tables }, new Date());
  };
  return statements.map((statement) => ({
    text: fingerprintOf(statement.sql).text,
    loader: statement.batch?.loader ?? null,
    batchSize: statement.batch?.keyCount ?? null,
    plan() {
      const plan = plans.get(statement.sql) ?? planOf(statement);
      plans.set(statement.sql, plan);
      return plan;
    },
  }));
}

/**
 * What an operation would send, found by running it against rows that are only supposed. Nothing of it
 * is read, and the monitor counts none of it.
 */
export async function explainOperation(
  schema: GraphQLSchema,
  context: Context,
  request: ExplainRequest,
): Promise<OperationExplanation> {
  if (context.isRehearsal) throw refused('An explanation is not explained.');
  const document = readableOperation(schema, request);
  const viewer = await viewerOf(context, request.asUserId);
  const rehearsal = rehearsed(context, viewer);
  const args = {
    schema,
    document,
    contextValue: rehearsal.context,
    variableValues: request.variables,
    operationName: request.operationName,
  };
  const cost = costOf(args);
  const refusal = costRefusal(cost, context.limits);
  if (refusal) throw refusal;
  const { errors = [] } = await traceScope.outside(async () => execute(args));
  return {
    cost,
    statements: explained(context, rehearsal.statements),
    errors: errors.map(shownError),
  };
}
