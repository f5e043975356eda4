import { type PlanNode, planNodeKinds } from '../perf/plan.ts';
import { type PlanReading, readingKinds, readingLevels } from '../perf/planReading.ts';
import type { QueryPlan } from '../perf/queryPlan.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';

const PlanStepKind = builder.enumType('PlanStepKind', {
  description: 'What a step of a plan does, whatever the database calls it.',
  values: enumValues(planNodeKinds, {
    full_scan: 'Reads all rows of a table.',
    index_scan: 'Reads an index from one end, in its order.',
    index_search: 'Finds rows by an index or the primary key.',
    text_search: 'Finds rows by a full-text index.',
    rows: 'Gives rows that no table has: keys that were asked for, or those of another step.',
    join: 'Puts the rows of two steps together.',
    sort: 'Sorts rows.',
    aggregate: 'Counts, sums, groups, or leaves out equals.',
    limit: 'Stops after so many rows.',
    subquery: 'Runs a query within the query.',
    union: 'Puts the rows of several steps one after the other.',
    other: 'Something else; its text says what.',
  }),
});

const PlanStep = builder.objectRef<{ node: PlanNode; depth: number }>('PlanStep').implement({
  description: 'A step of a plan. A step takes its rows from the deeper ones that follow it.',
  fields: (t) => ({
    depth: t.exposeInt('depth', { description: 'How deep it lies in the plan, from 0.' }),
    kind: t.field({
      type: PlanStepKind,
      description: 'What it does.',
      resolve: ({ node }) => node.kind,
    }),
    text: t.string({
      description: "The step in the database's own words, values replaced by `?`.",
      resolve: ({ node }) => node.text,
    }),
    table: t.string({
      nullable: true,
      description: 'The table that it reads.',
      resolve: ({ node }) => node.table,
    }),
    index: t.string({
      nullable: true,
      description: 'The index that it reads.',
      resolve: ({ node }) => node.index,
    }),
    indexOnly: t.boolean({
      description: 'Whether the index alone answers, so that the table is not read.',
      resolve: ({ node }) => node.indexOnly,
    }),
    condition: t.string({
      nullable: true,
      description:
        'What rows have to fulfil, values replaced by `?`. SQLite tells only what an index is searched by.',
      resolve: ({ node }) => node.condition,
    }),
    estimatedRows: t.float({
      nullable: true,
      description: 'How many rows the database expects of it; null on SQLite, which does not tell.',
      resolve: ({ node }) => node.estimatedRows,
    }),
    estimatedCost: t.float({
      nullable: true,
      description:
        "What the database expects it to cost, the steps below included, in the database's own unit; null on SQLite.",
      resolve: ({ node }) => node.estimatedCost,
    }),
  }),
});

const PlanReadingKind = builder.enumType('PlanReadingKind', {
  description: 'What a plan can suffer from.',
  values: enumValues(readingKinds, {
    full_scan: 'All rows of a table are read.',
    whole_index: 'All entries of an index are read.',
    left_out: 'Rows are read in order, and those that do not match are left out.',
    sort: 'Rows are sorted, since no index has them in the order.',
    temporary_index: 'An index is made for this statement alone.',
    estimate: 'The database expected many more or fewer rows than it found.',
  }),
});

const PlanReadingLevel = builder.enumType('PlanReadingLevel', {
  description: 'How much a reading of a plan should alarm.',
  values: enumValues(readingLevels, {
    info: 'Good to know; there are few rows.',
    warning: 'Costs time.',
    critical: 'Costs much time: there are very many rows.',
  }),
});

const PlanReadingType = builder.objectRef<PlanReading>('PlanReading').implement({
  description: 'What a plan means, in plain words.',
  fields: (t) => ({
    kind: t.expose('kind', { type: PlanReadingKind, description: 'What it is about.' }),
    level: t.expose('level', {
      type: PlanReadingLevel,
      description: 'How much it should alarm.',
    }),
    table: t.exposeString('table', {
      nullable: true,
      description: 'The table that it is about; null where it is about several.',
    }),
    sentence: t.exposeString('sentence', { description: 'What is so, in plain words.' }),
    remedy: t.exposeString('remedy', {
      nullable: true,
      description:
        'SQL that would help, to be looked at and pasted; null where nothing simple does.',
    }),
  }),
});

export const QueryPlanType = builder.objectRef<QueryPlan>('QueryPlan').implement({
  description: 'How the database finds the rows of a statement. It was planned, not run.',
  fields: (t) => ({
    takenAt: t.field({
      type: 'DateTime',
      description: 'When it was planned.',
      resolve: ({ takenAt }) => takenAt.toISOString(),
    }),
    text: t.string({
      description: "The steps in the database's own words, a line each, indented by their depth.",
      resolve: ({ steps }) =>
        steps.map(({ node, depth }) => `${'  '.repeat(depth)}${node.text}`).join('\n'),
    }),
    steps: t.field({
      type: [PlanStep],
      description: 'The steps, parents before the steps that they take their rows from.',
      resolve: ({ steps }) => steps,
    }),
    readings: t.field({
      type: [PlanReadingType],
      description: 'What is wrong with it, in plain words; nothing where nothing is.',
      resolve: ({ readings }) => readings,
    }),
    estimatedRows: t.exposeFloat('estimatedRows', {
      nullable: true,
      description: 'How many rows the database expects to answer; null on SQLite.',
    }),
    estimatedCost: t.exposeFloat('estimatedCost', {
      nullable: true,
      description:
        "What the database expects it to cost, in the database's own unit; null on SQLite.",
    }),
  }),
});
