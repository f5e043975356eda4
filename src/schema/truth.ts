import type { StatementDrift, Truth } from '../perf/truth.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';
import { Performance } from './performance.ts';

const TruthSource = builder.enumType('TruthSource', {
  description: 'What the monitor is held against.',
  values: enumValues(['pg_stat_statements', 'driver'], {
    pg_stat_statements: "PostgreSQL's own count of statements, for all processes together.",
    driver: 'What the driver of the database told, in this process.',
  }),
});

const StatementDriftType = builder.objectRef<StatementDrift>('StatementDrift').implement({
  description: 'A statement that is counted differently.',
  fields: (t) => ({
    hash: t.exposeString('hash', { description: 'Names the statement.' }),
    statement: t.exposeString('statement', { description: 'Its text, values replaced by `?`.' }),
    calls: t.expose('calls', {
      type: 'SafeInt',
      description: 'Calls that the monitor lacks; below 0, those that it has too many.',
    }),
    rows: t.expose('rows', {
      type: 'SafeInt',
      description: 'Rows that the monitor lacks; below 0, those that it has too many.',
    }),
  }),
});

const TruthType = builder.objectRef<Truth>('Truth').implement({
  description: 'Whether what the monitor counts is true. It is looked at every ten seconds.',
  fields: (t) => ({
    against: t.field({
      type: TruthSource,
      description: 'What the monitor is held against.',
      resolve: ({ against }) => against,
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: "Why not against the database's own counts; null where it is.",
    }),
    since: t.field({
      type: 'DateTime',
      description: 'From when on both are compared.',
      resolve: ({ since }) => since.toISOString(),
    }),
    checkedAt: t.field({
      type: 'DateTime',
      description: 'Until when.',
      resolve: ({ checkedAt }) => checkedAt.toISOString(),
    }),
    processes: t.exposeInt('processes', {
      description: 'The processes whose counts are added up, those that ended included.',
    }),
    statements: t.exposeInt('statements', { description: 'Different statements.' }),
    unsettled: t.exposeInt('unsettled', {
      description:
        'Those of them that ran while the counts were taken: they are compared as far as is certain.',
    }),
    calls: t.field({
      type: 'SafeInt',
      description: 'Calls that the monitor counted since then.',
      resolve: ({ counted }) => counted.calls,
    }),
    rows: t.field({
      type: 'SafeInt',
      description: 'Rows that it counted.',
      resolve: ({ counted }) => counted.rows,
    }),
    isExact: t.boolean({
      description: 'Whether no statement is counted differently.',
      resolve: ({ drift }) => drift.length === 0,
    }),
    drift: t.expose('drift', {
      type: [StatementDriftType],
      description: 'The statements that two looks in a row found to be counted differently.',
    }),
  }),
});

builder.objectField(Performance, 'truth', (t) =>
  t.field({
    type: TruthType,
    nullable: true,
    description:
      'Whether the monitor counts what the database counts. Null in the first seconds, until it has looked.',
    resolve: (_monitor, _args, { watching }) => watching.truth.truth,
  }),
);
