import type { Knex } from 'knex';
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
  findJobMatchOrdering,
  findSegmentMatches,
  type JobMatchRow,
  jobMatchOrdering,
  MOST_COUNTED,
  MOST_RANKED,
  newestJobMatchOrdering,
  type Search,
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
    score: t.float({
      description: 'How well it matches; higher is better. Only good to compare within a search.',
      resolve: async ({ id, score, words }, _args, { loaders }) =>
        score ?? textsWithAll((await loaders.jobTextsById.load(id))?.texts ?? [], words),
    }),
    job: t.field({ type: Job, description: 'The job.', resolve: (match) => match }),
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

/** Puts the words beside each row, for its highlight. */
const withWords =
  (words: readonly string[]) =>
  <Row>(row: Row): Found<Row> => ({ ...row, words });

const orderings = [jobMatchOrdering, newestJobMatchOrdering] as const;

/** A cursor is of an ordering, which the pages beside it have too, however many match by now. */
async function jobOrdering(
  db: Knex,
  { after, before }: ConnectionArguments,
  search: Search,
): Promise<Ordering<JobMatchRow>> {
  const cursor = after ?? before;
  return cursor == null ? findJobMatchOrdering(db, search) : orderingOf(cursor, orderings);
}

interface FoundPage<Row> {
  page: Page<Row>;
  ordering: Ordering<Row>;
  words: readonly string[];
  count: () => Promise<Count>;
}

/** The page as a connection, with the words beside each row, and one count for all who ask for it. */
function foundConnection<Row>({ page, ordering, words, count }: FoundPage<Row>) {
  let counting: Promise<Count> | null = null;
  const counted = (): Promise<Count> => {
    counting ??= count();
    return counting;
  };
  return {
    ...connectionOf(
      { ...page, rows: page.rows.map(withWords(words)) },
      ordering,
      async () => (await counted()).count,
    ),
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
      resolve: async (_root, args, { longReads, viewer }) => {
        const search = { words: wordsOf(args.query), userId: userIdInSight(viewer, null) };
        const ordering = await jobOrdering(longReads, args, search);
        const page = await findJobMatches(longReads, {
          ...search,
          page: pageRequest(args, ordering, true),
        });
        return {
          ...foundConnection({
            page,
            ordering,
            words: search.words,
            count: () => countJobMatches(longReads, search),
          }),
          isRanked: ordering === jobMatchOrdering,
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
        return foundConnection({
          page,
          ordering: segmentMatchOrdering,
          words: search.words,
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
