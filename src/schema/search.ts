import { userIdInSight } from '../auth/visibility.ts';
import {
  bestPassage,
  highlighted,
  searchWords,
  type TextFragment,
  textsWithAll,
} from '../db/highlight.ts';
import { type Ordering, orderingOf, type Page } from '../db/keyset.ts';
import {
  type Count,
  countJobMatches,
  countSegmentMatches,
  findJobMatches,
  findSegmentMatches,
  type JobMatchRow,
  jobMatchOrdering,
  type JobMatch as Match,
  MOST_COUNTED,
  MOST_RANKED,
  newestJobMatchOrdering,
  segmentMatchOrdering,
} from '../db/search.ts';
import type { SegmentRow } from '../db/segments.ts';
import { ApiError } from '../errors.ts';
import { builder } from './builder.ts';
import {
  type ConnectionArguments,
  connectionComplexity,
  connectionOf,
  pageRequest,
} from './connection.ts';
import { selectedJobs } from './lookAhead.ts';
import { Job, Segment } from './nodes.ts';

/** A row that was found, and the words that it was found by. */
type Found<Row> = Row & { words: readonly string[] };

/** What of a job that was found makes its cursor, and the job. */
type FoundJob = Found<Match> & { job: JobMatchRow };

const Fragment = builder.objectRef<TextFragment>('TextFragment').implement({
  description: 'A part of a text, to be shown as it is or as a match.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'The part, as it stands in the text.' }),
    isMatch: t.exposeBoolean('isMatch', {
      description: 'Whether it is one of the words that were searched for.',
    }),
  }),
});

const JobMatch = builder.objectRef<FoundJob>('JobMatch').implement({
  description: 'A job that has all the words in its file name, abstract, summary or keywords.',
  fields: (t) => ({
    score: t.float({
      description: 'How well it matches; higher is better. Only good to compare within a search.',
      extensions: { readAlong: 'score' },
      resolve: ({ id, score, words }, _args, { loaders }) =>
        score ??
        loaders.jobTextsById.load(id).then((found) => textsWithAll(found?.texts ?? [], words)),
    }),
    job: t.expose('job', { type: Job, description: 'The job.' }),
    highlight: t.field({
      type: [Fragment],
      description: 'The passage that matches best.',
      resolve: async ({ id, words }, _args, { loaders }) =>
        highlighted(bestPassage((await loaders.jobTextsById.load(id))?.texts ?? [], words), words),
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

const orderings = [jobMatchOrdering, newestJobMatchOrdering] as const;

/** A cursor is of an ordering, which the pages beside it have too, however many match by now. */
function jobOrdering({ after, before }: ConnectionArguments): Ordering<Match> {
  const cursor = after ?? before;
  return cursor == null ? jobMatchOrdering : orderingOf(cursor, orderings);
}

interface FoundPage<OrderedRow, Row extends OrderedRow> {
  page: Page<Row>;
  ordering: Ordering<OrderedRow>;
  count: () => Promise<Count>;
}

/** The page as a connection, with one count for all who ask for it. */
function foundConnection<OrderedRow, Row extends OrderedRow>({
  page,
  ordering,
  count,
}: FoundPage<OrderedRow, Row>) {
  let counting: Promise<Count> | null = null;
  const counted = (): Promise<Count> => {
    counting ??= count();
    return counting;
  };
  return {
    ...connectionOf(page, ordering, async () => (await counted()).count),
    isTotalCountExact: async () => (await counted()).isExact,
  };
}

const exactness = `Whether \`totalCount\` is all there are. False where there are more than ${MOST_COUNTED.toLocaleString('en')}, which \`totalCount\` is then.`;

builder.queryFields((t) => ({
  searchJobs: t.connection(
    {
      type: JobMatch,
      authScopes: { reader: true },
      description: `Jobs by words in file name, abstract, summary and keywords: the best first, among equals the newest; where more than ${MOST_RANKED.toLocaleString('en')} match, the newest first.`,
      args: searchArguments,
      // As many matches as are ranked at most cost more than any page of rows.
      complexity: (args) => ({ ...connectionComplexity(args), field: 100 }),
      resolve: async (_root, args, { longReads, viewer }, info) => {
        const search = { words: wordsOf(args.query), userId: userIdInSight(viewer, null) };
        const { page, ordering, count } = await findJobMatches(longReads, {
          ...search,
          page: pageRequest(args, jobOrdering(args), true),
          columns: selectedJobs(info, ['edges', 'node', 'job']).columns,
        });
        const { words } = search;
        const isRanked = ordering === jobMatchOrdering;
        const rows = page.rows.map((job): FoundJob => {
          const { id, number, score } = job;
          return { id, number, score: isRanked ? score : undefined, words, job };
        });
        return {
          ...foundConnection({
            page: { ...page, rows },
            ordering,
            count: async () => count ?? countJobMatches(longReads, search),
          }),
          isRanked,
        };
      },
    },
    {
      name: 'JobMatchConnection',
      description: 'A page of jobs that were found.',
      fields: (connection) => ({
        isTotalCountExact: connection.boolean({
          description: exactness,
          complexity: 10,
          resolve: ({ isTotalCountExact }) => isTotalCountExact(),
        }),
        isRanked: connection.exposeBoolean('isRanked', {
          description: `Whether the best come first; false where the newest do, since more than ${MOST_RANKED.toLocaleString('en')} match. The pages of a search stay as the first was.`,
        }),
      }),
    },
    { name: 'JobMatchEdge', description: 'A job that was found.' },
  ),
  searchSegments: t.connection(
    {
      type: SegmentMatch,
      authScopes: { reader: true },
      description: 'Pieces of transcripts by the words in them, the newest first.',
      args: searchArguments,
      // Words that are each common and seldom in one piece are looked for in all of them.
      complexity: (args) => ({ ...connectionComplexity(args), field: 100 }),
      resolve: async (_root, args, { longReads, viewer }) => {
        const search = { words: wordsOf(args.query), userId: userIdInSight(viewer, null) };
        const page = await findSegmentMatches(longReads, {
          ...search,
          page: pageRequest(args, segmentMatchOrdering, true),
        });
        const rows = page.rows.map((row): Found<SegmentRow> => ({ ...row, words: search.words }));
        return foundConnection({
          page: { ...page, rows },
          ordering: segmentMatchOrdering,
          count: () => countSegmentMatches(longReads, search),
        });
      },
    },
    {
      name: 'SegmentMatchConnection',
      description: 'A page of pieces that were found.',
      fields: (connection) => ({
        isTotalCountExact: connection.boolean({
          description: exactness,
          complexity: 10,
          resolve: ({ isTotalCountExact }) => isTotalCountExact(),
        }),
      }),
    },
    { name: 'SegmentMatchEdge', description: 'A piece that was found.' },
  ),
}));
