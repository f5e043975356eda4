import { userIdInSight } from '../auth/visibility.ts';
import {
  durationBounds,
  findMetadataGroups,
  type MetadataGroupRow,
  tokenBounds,
} from '../db/statistics.ts';
import { builder } from './builder.ts';
import { User } from './nodes.ts';
import { periodArguments, periodOf } from './period.ts';
import { groupedBy, ofMillionths, ratio, sumOf } from './totals.ts';

type Groups = readonly MetadataGroupRow[];

interface ClassTotal {
  from: number;
  to: number | null;
  count: number;
}

/** Every class of a distribution, those with nothing in them too. */
function distribution(
  groups: Groups,
  bounds: readonly number[],
  classOf: (group: MetadataGroupRow) => number | null,
): ClassTotal[] {
  return [0, ...bounds].map((from, index) => ({
    from,
    to: bounds[index] ?? null,
    count: sumOf(
      groups.filter((group) => classOf(group) === index),
      'count',
    ),
  }));
}

const wordsPerMinute = (groups: Groups): number | null =>
  ratio(
    ofMillionths(sumOf(groups, 'words_per_minute_micros')),
    sumOf(groups, 'words_per_minute_count'),
  );

const durationSeconds = (groups: Groups): number => ofMillionths(sumOf(groups, 'duration_micros'));

const DistributionClass = builder.objectRef<ClassTotal>('DistributionClass').implement({
  description: 'How many values lie in a range.',
  fields: (t) => ({
    from: t.exposeFloat('from', { description: 'The lowest value of the range, included.' }),
    to: t.exposeFloat('to', {
      nullable: true,
      description: 'The end of the range, not included; null where it has none.',
    }),
    count: t.exposeInt('count', { description: 'How many values lie in it.' }),
  }),
});

const LanguageTotal = builder
  .objectRef<{ key: string | null; groups: Groups }>('LanguageTotal')
  .implement({
    description: 'The transcripts in a language.',
    fields: (t) => ({
      language: t.exposeString('key', {
        nullable: true,
        description: 'The language in ISO 639-1; null where none was recognized.',
      }),
      count: t.int({
        description: 'How many transcripts are in it.',
        resolve: ({ groups }) => sumOf(groups, 'count'),
      }),
      durationSeconds: t.float({
        description: 'The length of their audio together, in seconds.',
        resolve: ({ groups }) => durationSeconds(groups),
      }),
      wordsPerMinute: t.float({
        nullable: true,
        description: 'The mean speed of speech, in words a minute.',
        resolve: ({ groups }) => wordsPerMinute(groups),
      }),
    }),
  });

const MetadataAnalytics = builder.objectRef<Groups>('MetadataAnalytics').implement({
  description: 'Figures over the transcripts that were made in a period.',
  fields: (t) => ({
    count: t.int({
      description: 'How many transcripts there are.',
      resolve: (groups) => sumOf(groups, 'count'),
    }),
    tokens: t.field({
      type: 'SafeInt',
      description: 'How many tokens they have together.',
      resolve: (groups) => sumOf(groups, 'tokens'),
    }),
    durationSeconds: t.float({
      description: 'The length of their audio together, in seconds.',
      resolve: durationSeconds,
    }),
    wordsPerMinute: t.float({
      nullable: true,
      description: 'The mean speed of speech, in words a minute.',
      resolve: wordsPerMinute,
    }),
    languages: t.field({
      type: [LanguageTotal],
      description: 'The same transcripts by language, the most frequent first.',
      resolve: (groups) => groupedBy(groups, ({ language }) => language),
    }),
    durations: t.field({
      type: [DistributionClass],
      description: 'How their lengths are distributed, in seconds.',
      resolve: (groups) => distribution(groups, durationBounds, (group) => group.duration_class),
    }),
    tokenCounts: t.field({
      type: [DistributionClass],
      description: 'How their numbers of tokens are distributed.',
      resolve: (groups) => distribution(groups, tokenBounds, (group) => group.token_class),
    }),
  }),
});

builder.queryField('metadataAnalytics', (t) =>
  t.field({
    type: MetadataAnalytics,
    authScopes: { reader: true },
    description:
      "Figures over the viewer's own transcripts; over everybody's for administrators and workers.",
    args: {
      ...periodArguments,
      userId: t.arg.globalID({ for: User, description: 'Only transcripts of this user.' }),
    },
    // One statement that reads all days of the period, or all metadata of a user.
    complexity: 500,
    resolve: (_root, args, { longReads, viewer }) =>
      findMetadataGroups(longReads, periodOf(args), userIdInSight(viewer, args.userId?.id ?? null)),
  }),
);
