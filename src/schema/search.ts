import { userIdInSight } from '../auth/visibility.ts';
import { highlighted, searchWords, type TextFragment } from '../db/highlight.ts';
import {
  countJobMatches,
  countSegmentMatches,
  findJobMatches,
  findSegmentMatches,
  type JobMatchRow,
  jobMatchOrdering,
  segmentMatchOrdering,
} from '../db/search.ts';
import type { SegmentRow } from '../db/segments.ts';
import { ApiError } from '../errors.ts';
import { builder } from './builder.ts';
import { connectionComplexity, connectionOf, pageRequest } from './connection.ts';
import { Job, Segment } from './nodes.ts';

/** A row that was found, and the words that it was found by. */
type Found<Row> = Row & { words: readonly string[] };

const Fragment = builder.objectRef<TextFragment>('TextFragment').implement({
  description: 'A part of a text, to be shown as it is or as a match.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'The part, as it stands in the text.' }),
    isMatch: t.exposeBoolean('isMatch', {
      description: 'Whether it is one of the words that were searched for.',
    }),
  }),
});

const JobMatch = builder.objectRef<Found<JobMatchRow>>('JobMatch').implement({
  description: 'A job that has all the words in its file name, abstract, summary or keywords.',
  fields: (t) => ({
    score: t.exposeFloat('score', {
      description: 'How well it matches; higher is better. Only good to compare within a search.',
    }),
    job: t.field({ type: Job, description: 'The job.', resolve: (match) => match }),
    highlight: t.field({
      type: [Fragment],
      description: 'The passage that matches best.',
      resolve: ({ id, words }, _args, { loaders }) =>
        loaders.jobHighlightById.load({ parent: id, request: words }),
    }),
  }),
});

const SegmentMatch = builder.objectRef<Found<SegmentRow>>('SegmentMatch').implement({
  description: 'A piece of a transcript that has all the words.',
  fields: (t) => ({
    segment: t.field({
      type: Segment,
      description: 'The piece; its `startSeconds` is where to begin to play.',
      resolve: (match) => match,
    }),
    job: t.field({
      type: Job,
      nullable: true,
      description: 'The job whose transcript it is part of.',
      resolve: ({ job_id }, _args, { loaders }) => loaders.jobById.load(job_id),
    }),
    highlight: t.field({
      type: [Fragment],
      description: 'What was said, the words found apart.',
      resolve: ({ text, words }) => highlighted(text, words),
    }),
  }),
});

const searchArguments = builder.args((t) => ({
  query: t.string({
    required: true,
    description: 'Words that must all be there, in any order and case.',
  }),
}));

/** Throws BAD_USER_INPUT where there is nothing to search for. */
function wordsOf(query: string): string[] {
  const words = searchWords(query);
  if (words.length === 0) throw new ApiError('BAD_USER_INPUT', '"query" has no word in it.');
  if (words.length > 32) {
    throw new ApiError('BAD_USER_INPUT', `"query" has ${words.length} words; the most are 32.`);
  }
  return words;
}

/** Puts the words beside each row, for its highlight. */
const withWords =
  (words: readonly string[]) =>
  <Row>(row: Row): Found<Row> => ({ ...row, words });

builder.queryFields((t) => ({
  searchJobs: t.connection(
    {
      type: JobMatch,
      authScopes: { reader: true },
      description:
        'Jobs by words in file name, abstract, summary and keywords: the best first, among equals the newest.',
      args: searchArguments,
      // All matches are ranked, however few are asked for.
      complexity: (args) => ({ ...connectionComplexity(args), field: 100 }),
      resolve: async (_root, args, { longReads, viewer }) => {
        const search = { words: wordsOf(args.query), userId: userIdInSight(viewer, null) };
        const page = pageRequest(args, jobMatchOrdering, true);
        const found = await findJobMatches(longReads, { ...search, page });
        return connectionOf(
          { ...found, rows: found.rows.map(withWords(search.words)) },
          jobMatchOrdering,
          () => countJobMatches(longReads, search),
        );
      },
    },
    { name: 'JobMatchConnection', description: 'A page of jobs that were found.' },
    { name: 'JobMatchEdge', description: 'A job that was found.' },
  ),
  searchSegments: t.connection(
    {
      type: SegmentMatch,
      authScopes: { reader: true },
      description: 'Pieces of transcripts by the words in them, the newest first.',
      args: searchArguments,
      // PostgreSQL sorts all matches, however few are asked for.
      complexity: (args) => ({ ...connectionComplexity(args), field: 100 }),
      resolve: async (_root, args, { longReads, viewer }) => {
        const search = { words: wordsOf(args.query), userId: userIdInSight(viewer, null) };
        const page = pageRequest(args, segmentMatchOrdering, true);
        const found = await findSegmentMatches(longReads, { ...search, page });
        return connectionOf(
          { ...found, rows: found.rows.map(withWords(search.words)) },
          segmentMatchOrdering,
          () => countSegmentMatches(longReads, search),
        );
      },
    },
    { name: 'SegmentMatchConnection', description: 'A page of pieces that were found.' },
    { name: 'SegmentMatchEdge', description: 'A piece that was found.' },
  ),
}));
