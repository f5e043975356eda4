import { dismissFinding } from '../administration/monitorActions.ts';
import { type FindingRow, findingOrdering } from '../db/findings.ts';
import {
  type FindingKind,
  type FindingLevel,
  findingKinds,
  findingLevels,
} from '../perf/findings/finding.ts';
import { actorOf } from './actor.ts';
import { builder } from './builder.ts';
import { connectionComplexity, connectionOf, pageRequest } from './connection.ts';
import { enumValues } from './enumValues.ts';
import { Performance } from './performance.ts';

const FindingKindEnum = builder.enumType('FindingKind', {
  description: 'What kind of fault was found.',
  values: enumValues(findingKinds, {
    n_plus_one: 'A field sends the same statement again and again in one request.',
    slow_statement: 'The plan of a slow statement has something that makes it slow.',
    missing_index: 'An index would make a slow statement fast.',
    regression: 'An operation or a statement takes longer than in the week before.',
    setting: 'The database should be set otherwise.',
    index: 'An index is absent, invalid, needless or unused.',
    lock: 'Somebody holds up others in the database.',
    drift: 'The monitor and the database count differently.',
    flush: 'What was counted could not be stored.',
  }),
});

const FindingLevelEnum = builder.enumType('FindingLevel', {
  description: 'How much a finding matters.',
  values: enumValues(findingLevels, {
    info: 'Good to know.',
    warning: 'It costs time or space.',
    critical: 'It should be mended at once.',
  }),
});

const FindingType = builder.objectRef<FindingRow>('Finding').implement({
  description: 'Something that somebody should look at, whichever process saw it.',
  fields: (t) => ({
    key: t.exposeString('key', {
      description: 'Names it, in every process and for ever: for `dismissFinding`.',
    }),
    kind: t.field({
      type: FindingKindEnum,
      description: 'What kind of fault it is.',
      // The column holds what the monitor wrote.
      resolve: ({ kind }) => kind as FindingKind,
    }),
    level: t.field({
      type: FindingLevelEnum,
      description: 'How much it matters.',
      resolve: ({ level }) => level as FindingLevel,
    }),
    what: t.exposeString('what', { description: 'What was found, in a sentence.' }),
    traceId: t.exposeString('trace_id', {
      nullable: true,
      description:
        'The request that showed it last: for `performance { trace }`, while it is kept.',
    }),
    statement: t.exposeString('statement', {
      nullable: true,
      description: 'The statement that shows it, its values replaced by `?`.',
    }),
    remedy: t.exposeString('remedy', { description: 'What to do about it.' }),
    remedySql: t.exposeString('remedy_sql', {
      nullable: true,
      description: 'SQL to look at and paste; null where none would help.',
    }),
    firstSeen: t.expose('first_seen', {
      type: 'DateTime',
      description: 'When it was seen first since it was over last.',
    }),
    lastSeen: t.expose('last_seen', { type: 'DateTime', description: 'When it was seen last.' }),
    sinceRelease: t.exposeString('release', {
      description: 'The release that ran when it was seen first.',
    }),
    closedAt: t.expose('closed_at', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is over; null while it is not.',
    }),
    dismissedAt: t.expose('dismissed_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When somebody dismissed it; null where nobody did.',
    }),
  }),
});

const FindingFilterInput = builder.inputType('FindingFilter', {
  description: 'Which findings; all conditions that are given hold together.',
  fields: (t) => ({
    kind: t.field({ type: FindingKindEnum, description: 'Of this kind.' }),
    includeClosed: t.boolean({ description: 'Those that are over, too.' }),
    includeDismissed: t.boolean({ description: 'Those that somebody dismissed, too.' }),
  }),
});

const FindingConnection = builder.connectionObject(
  { type: FindingType, name: 'FindingConnection', description: 'A page of findings.' },
  { name: 'FindingEdge', description: 'A finding on a page.' },
);

builder.objectField(Performance, 'findings', (t) =>
  t.connection(
    {
      type: FindingType,
      description:
        'What the monitor found, in all processes, the newest first. Without a filter: what is neither over nor dismissed.',
      args: {
        filter: t.arg({ type: FindingFilterInput, description: 'Which findings.' }),
      },
      complexity: connectionComplexity,
      resolve: async (_performance, args, { watching: { records } }) => {
        const filter = args.filter ?? {};
        const page = await records.findings(filter, pageRequest(args, findingOrdering, true));
        return connectionOf(page, findingOrdering, () => records.findingCount(filter));
      },
    },
    FindingConnection,
  ),
);

builder.mutationField('dismissFinding', (t) =>
  t.field({
    type: FindingType,
    authScopes: { administrator: true },
    description:
      'Lets a finding be shown no more, even when it is seen again. For administrators; it is in the audit log.',
    args: { key: t.arg.string({ required: true, description: 'The key of the finding.' }) },
    resolve: (_root, { key }, context) => dismissFinding(actorOf(context), key, context.clock()),
  }),
);
