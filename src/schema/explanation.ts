import { builder } from './builder.ts';
import {
  type ExplainedError,
  type ExplainedStatement,
  explainOperation,
  type OperationExplanation,
} from './explainOperation.ts';
import { User } from './nodes.ts';
import { Performance } from './performance.ts';
import { QueryPlanType } from './queryPlan.ts';

const ExplainedStatementType = builder
  .objectRef<ExplainedStatement>('ExplainedStatement')
  .implement({
    description: 'A statement that an operation would send.',
    fields: (t) => ({
      statement: t.exposeString('text', { description: 'The SQL, its values replaced by `?`.' }),
      loader: t.exposeString('loader', {
        nullable: true,
        description: 'The loader that would send it; null where a resolver would itself.',
      }),
      batchSize: t.exposeInt('batchSize', {
        nullable: true,
        description: 'How many keys the loader would ask for if every page were full.',
      }),
      plan: t.field({
        type: QueryPlanType,
        nullable: true,
        description: 'How the database would find its rows.',
        resolve: ({ plan }) => plan(),
      }),
    }),
  });

const ExplainedErrorType = builder.objectRef<ExplainedError>('ExplainedError').implement({
  description:
    'An error that an operation would answer, such as a field that is not for the viewer.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What is wrong.' }),
    code: t.exposeString('code', { description: 'What it would carry as `extensions.code`.' }),
    path: t.exposeString('path', {
      nullable: true,
      description:
        'The field, such as `users.edges.0.node.jobs`; null where it is the whole operation.',
    }),
  }),
});

const OperationExplanationType = builder
  .objectRef<OperationExplanation>('OperationExplanation')
  .implement({
    description:
      'What an operation would send, found by running it against rows that are only supposed: all that is asked for is there, and every page is full. Looking up who asks is not counted.',
    fields: (t) => ({
      cost: t.int({
        description: 'Its fields, multiplied by the sizes of the pages that they are on.',
        resolve: ({ cost }) => cost.cost,
      }),
      statementCount: t.int({
        description: 'How many statements it would send.',
        resolve: ({ statements }) => statements.length,
      }),
      statements: t.expose('statements', {
        type: [ExplainedStatementType],
        description: 'The statements, in the order that they would be sent in.',
      }),
      estimatedCost: t.float({
        nullable: true,
        description:
          'What the database expects all statements to cost, in its own unit; null on SQLite, and where one has no plan.',
        resolve: async ({ statements }) => {
          const plans = await Promise.all(statements.map(({ plan }) => plan()));
          const costs = plans.flatMap((plan) => plan?.estimatedCost ?? []);
          return costs.length < plans.length ? null : costs.reduce((sum, cost) => sum + cost, 0);
        },
      }),
      errors: t.expose('errors', {
        type: [ExplainedErrorType],
        description: 'The errors that it would answer.',
      }),
    }),
  });

builder.objectField(Performance, 'explain', (t) =>
  t.field({
    type: OperationExplanationType,
    description: 'What an operation would send to the database. Nothing of it is run.',
    args: {
      operation: t.arg.string({
        required: true,
        description: 'The operation: a query, as a client would send it.',
      }),
      variables: t.arg({ type: 'JSONObject', description: 'Its variables.' }),
      operationName: t.arg.string({
        description: 'Which operation it is, where the text has several.',
      }),
      asUser: t.arg.globalID({
        for: User,
        description: 'Who would send it; who asks if not given.',
      }),
    },
    // It executes the operation once, and plans each of its statements.
    complexity: 500,
    resolve: (_monitor, args, context, { schema }) =>
      explainOperation(schema, context, {
        operation: args.operation,
        operationName: args.operationName ?? null,
        variables: args.variables ?? {},
        asUserId: args.asUser?.id ?? null,
      }),
  }),
);
