import { beforeAll, describe, expect, test } from 'vitest';
import { insertFromJson } from '../src/db/bulkInsert.ts';
import { MOST_COUNTED, MOST_RANKED } from '../src/db/search.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { minutes } from './harness/given.ts';

interface Fragment {
  text: string;
  isMatch: boolean;
}

interface Found<Node> {
  edges: { node: Node & { highlight: Fragment[] } }[];
  pageInfo: Record<'startCursor' | 'endCursor', string | null>;
  totalCount: number;
  isTotalCountExact: boolean;
}

type FoundJobs = Found<{ job: { originalFilename: string }; score: number }> & {
  isRanked: boolean;
};
type FoundSegments = Found<{
  segment: { text: string; startSeconds: number };
  job: { id: string };
}>;

const VARIABLES = '$query: String!, $first: Int, $after: String, $last: Int, $before: String';
const ARGUMENTS = 'query: $query, first: $first, after: $after, last: $last, before: $before';
const MATCH = 'highlight { text isMatch }';
const PAGE = 'pageInfo { startCursor endCursor } totalCount isTotalCountExact';

const SEARCH_JOBS = `query SearchJobs(${VARIABLES}) {
  searchJobs(${ARGUMENTS}) {
    edges { node { job { originalFilename } score ${MATCH} } }
    ${PAGE} isRanked
  }
}`;
const SEARCH_SEGMENTS = `query SearchSegments(${VARIABLES}) {
  searchSegments(${ARGUMENTS}) {
    edges { node { segment { text startSeconds } job { id } ${MATCH} } }
    ${PAGE}
  }
}`;

async function searchJobs(as: Client, query: string, args: object = {}): Promise<FoundJobs> {
  const answer: { searchJobs: FoundJobs } = await as.query(SEARCH_JOBS, { query, ...args });
  return answer.searchJobs;
}

async function searchSegments(
  as: Client,
  query: string,
  args: object = {},
): Promise<FoundSegments> {
  const answer: { searchSegments: FoundSegments } = await as.query(SEARCH_SEGMENTS, {
    query,
    ...args,
  });
  return answer.searchSegments;
}

/** The matches of all pages, by `first` and `after`. */
async function allMatches<Match>(
  read: (args: object) => Promise<Found<Match>>,
  between?: () => Promise<unknown>,
  first = 4,
) {
  const met: Found<Match>['edges'][number]['node'][] = [];
  for (let after: string | null = null, more = true; more; ) {
    const { edges, pageInfo } = await read({ first, after });
    met.push(...edges.map(({ node }) => node));
    after = pageInfo.endCursor;
    more = after !== null;
    await between?.();
  }
  return met;
}

/** The names of the files that were found, the best first. */
const filenames = async (as: Client, query: string): Promise<string[]> =>
  (await searchJobs(as, query)).edges.map(({ node }) => node.job.originalFilename);

const texts = async (as: Client, query: string): Promise<string[]> =>
  (await searchSegments(as, query)).edges.map(({ node }) => node.segment.text);

const matches = (highlight: Fragment[] = []): string[] =>
  highlight.filter(({ isMatch }) => isMatch).map(({ text }) => text);

/** Whatever people type: words that are operators in SQLite or PostgreSQL, quotes, nothing at all. */
const hostile = [
  '"',
  "'",
  '"""',
  `a"b'c`,
  'AND',
  'call AND',
  'NOT NEAR OR AND',
  'NEAR(team call, 2)',
  'call*',
  'call:*',
  '*',
  '^call',
  'original_filename:call',
  '{original_filename} : call',
  '-call',
  '(call',
  'call)',
  'call) OR (team',
  'call & !team | x',
  'call <-> team',
  '\\',
  "\\'; DROP TABLE jobs; --",
  '$1 ? ?? :name',
  '%_',
  '🎉',
  'call 🎉 ❤️',
  '👨‍👩‍👧',
  '',
  ' \n\t',
  '\ud800',
  '\u0002call\u0003',
  '²',
  '½ Ⅷ ①',
  'ﬁ ß İ',
  'e\u0301',
  '\u0301',
  'हिन्दी',
  '1e5 -3.14 0x1F 10:30 1,000',
  'http://example.com/call?team=1 me@example.com',
  '<b>call</b> &amp;',
  'a'.repeat(10_000),
  'call '.repeat(32),
  'call '.repeat(1000),
];

describe.each(databases)('search on $name', (kind) => {
  const api = useApi(kind);

  /** A user with a job for each name of a file; `job` is the first. */
  async function withFiles(original_filename: string, ...others: string[]) {
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user, original_filename });
    for (const other of others) await api.given.job({ user, original_filename: other });
    return { user, as, job };
  }

  describe('for jobs', () => {
    test.each([
      ['team', true],
      ['call', true],
      ['2026', true],
      ['mp3', true],
      ['CALL', true],
      ['Team Call', true],
      ['2026 call', true],
      ['call_2026', true],
      ['team-call_2026.mp3', true],
      ['"call"', true],
      ['ca', false],
      ['all', false],
      ['call 2027', false],
      ['teamcall', false],
    ])('%s in the name of a file: %s', async (query, found) => {
      const { as } = await withFiles('team-call_2026.mp3', 'nothing.ogg');
      expect(await filenames(as, query)).toEqual(found ? ['team-call_2026.mp3'] : []);
    });

    test('words are found in abstract, summary and keywords, and in several of them', async () => {
      const { as, job } = await withFiles('call.mp3', 'other.mp3');
      await api.given.metadata({
        job,
        abstract: 'The budget of spring.',
        summary: 'Everybody wants more.',
        keywords: 'money, hiring plan',
      });
      for (const query of ['budget', 'everybody', 'money', 'hiring', 'plan more budget call']) {
        expect(await filenames(as, query)).toEqual(['call.mp3']);
      }
      expect(await filenames(as, 'budget other')).toEqual([]);
    });

    test('the index follows the rows', async () => {
      const { as, job } = await withFiles('before.mp3');
      const found = (query: string) => filenames(as, query);
      await api.db('jobs').where('id', job.id).update({ original_filename: 'after.mp3' });
      expect(await found('before')).toEqual([]);
      expect(await found('after')).toEqual(['after.mp3']);
      await api.given.metadata({ job, abstract: 'Weather.', summary: null });
      expect(await found('weather')).toEqual(['after.mp3']);
      await api
        .db('metadata')
        .where('job_id', job.id)
        .update({ abstract: 'Sport.', summary: 'Chess.' });
      expect(await found('weather')).toEqual([]);
      expect(await found('sport chess after')).toEqual(['after.mp3']);
      await api.db('metadata').where('job_id', job.id).delete();
      expect(await found('sport')).toEqual([]);
      expect(await found('after')).toEqual(['after.mp3']);
      await api.given.metadata({ job, abstract: 'Gardens.' });
      await api.db('jobs').where('id', job.id).delete();
      expect(await found('after')).toEqual([]);
      expect(await found('gardens')).toEqual([]);
    });

    test.each([
      ['Müller.mp3', 'müller', true],
      ['Müller.mp3', 'MÜLLER', true],
      ['Müller.mp3', 'muller', false],
      ['Besprechung in Köln.mp3', 'köln besprechung', true],
      ['Совещание.mp3', 'совещание', true],
      ['совещание.mp3', 'СОВЕЩАНИЕ', true],
      ['会議.mp3', '会議', true],
      ['हिन्दी.mp3', 'हिन्दी', true],
      // As macOS names files: letter and diaeresis apart.
      ['Mu\u0308ller.mp3', 'Mu\u0308ller', true],
      ['Mu\u0308ller.mp3', 'M\u00fcller', true],
      ['M\u00fcller.mp3', 'Mu\u0308ller', true],
      ['Mu\u0308ller.mp3', 'Muller', false],
      ['“quoted”—and…more.mp3', 'quoted more and', true],
    ])('%s by %s: %s', async (name, query, found) => {
      const { as } = await withFiles(name, 'nothing.ogg');
      expect(await filenames(as, query)).toEqual(found ? [name] : []);
    });

    test('the best come first', async () => {
      const { user, as, job: long } = await withFiles('long.mp3', 'none.mp3');
      const best = await api.given.job({ user, original_filename: 'best.mp3' });
      const many = Array.from({ length: 50 }, (_, index) => `word${index}`).join(' ');
      await api.given.metadata({ job: long, summary: `${many} budget ${many}` });
      await api.given.metadata({ job: best, abstract: 'Budget, budget.', summary: 'The budget.' });
      const { edges } = await searchJobs(as, 'budget');
      expect(edges.map(({ node }) => node.job.originalFilename)).toEqual(['best.mp3', 'long.mp3']);
      const [first = 0, second = 0] = edges.map(({ node }) => node.score);
      expect(first).toBeGreaterThan(second);
    });

    test('pages skip and repeat nothing while others add documents', async () => {
      const names = Array.from({ length: 12 }, (_, n) => `zebra ${n}`);
      const { user, as } = await withFiles('none.mp3', ...names);
      for (const [n, { id }] of (await api.db('jobs').where({ user_id: user.id })).entries()) {
        const summary = n % 3 === 0 ? null : 'Zebra. '.repeat(1 + (n % 4));
        await api.db('metadata').insert({ job_id: id, summary, generated_at: minutes(0) });
      }
      const met = await allMatches(
        (args) => searchJobs(as, 'zebra', args),
        // Many with the word, and long ones without: what bm25 makes a score of.
        () => withFiles('zebra other', ...Array.from({ length: 8 }, (_, n) => `${n} `.repeat(50))),
      );
      expect(met.map(({ job }) => job.originalFilename).toSorted()).toEqual(names.toSorted());
    });

    test('a user finds their own, administrators and workers those of everybody', async () => {
      const word = `unique${Date.now()}`;
      const one = await withFiles(`${word}-one.mp3`);
      await withFiles(`${word}-two.mp3`);
      const administrator = await api.given.administrator();
      const worker = await api.given.worker();
      expect(await searchJobs(one.as, word)).toMatchObject({ totalCount: 1 });
      expect(await filenames(one.as, word)).toEqual([`${word}-one.mp3`]);
      expect(await filenames(administrator.as, word)).toHaveLength(2);
      expect(await filenames(worker.as, word)).toHaveLength(2);
      const refusal = await api.client.refusal(SEARCH_JOBS, { query: word });
      expect(refusal.code).toBe('UNAUTHENTICATED');
    });

    test('the highlight is a passage with the words marked', async () => {
      const { as, job } = await withFiles('call.mp3');
      const abstract = 'The Budget of spring, and/or the budget-plan (see example.com/budget).';
      await api.given.metadata({ job, abstract, summary: null, keywords: null });
      const { edges } = await searchJobs(as, 'budget SPRING');
      const highlight = edges[0]?.node.highlight;
      expect(matches(highlight)).toEqual(['Budget', 'spring', 'budget', 'budget']);
      expect(highlight?.map(({ text }) => text).join('')).toContain(abstract);
    });

    test('the highlight can be the name of the file', async () => {
      const { as } = await withFiles('team-call_2026.mp3');
      const { edges } = await searchJobs(as, 'call 2026');
      expect(edges[0]?.node.highlight).toEqual([
        { text: 'team-', isMatch: false },
        { text: 'call', isMatch: true },
        { text: '_', isMatch: false },
        { text: '2026', isMatch: true },
        { text: '.mp3', isMatch: false },
      ]);
    });

    test('the highlight of a long text is a part of it', async () => {
      const { as, job } = await withFiles('call.mp3');
      const some = (word: string) => `${`${word} `.repeat(40)}`;
      const summary = `${some('before')}one One ONE ${some('between')}One Two ${some('behind')}`;
      await api.given.metadata({ job, summary });
      const { edges } = await searchJobs(as, 'two one');
      const highlight = edges[0]?.node.highlight;
      expect(matches(highlight)).toEqual(['One', 'Two']);
      const passage = highlight?.map(({ text }) => text).join('');
      expect(passage).toMatch(/^…between (between )*One Two (behind )+behind…$/);
      expect(passage?.split(' ')).toHaveLength(24);
    });

    test('the highlights of a page are one statement', async () => {
      const { as } = await withFiles('call 1.mp3', 'call 2.mp3', 'call 3.mp3');
      await as.query('{ viewer { id } }');
      api.forgetStatements();
      await searchJobs(as, 'call');
      // The page, which tells how many there are, and the highlights.
      expect(api.statements).toHaveLength(2);
    });

    test('pages by cursor have each match once, the best first', async () => {
      const names = Array.from({ length: 25 }, (_, n) => `call ${'call '.repeat(n % 4)}${n}`);
      const { as } = await withFiles('other.mp3', ...names);
      const met = await allMatches((args) => searchJobs(as, 'call', args));
      const found = met.map(({ job }) => job.originalFilename);
      expect(found.toSorted()).toEqual(names.toSorted());
      const scores = met.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      const backwards: string[] = [];
      for (let before: string | null = null, more = true; more; ) {
        const { edges, pageInfo, totalCount } = await searchJobs(as, 'call', { last: 4, before });
        expect(totalCount).toBe(25);
        backwards.unshift(...edges.map(({ node }) => node.job.originalFilename));
        before = pageInfo.startCursor;
        more = before !== null;
      }
      expect(backwards).toEqual(found);
    });

    describe('of which more match than are ranked', () => {
      const names = Array.from(
        { length: MOST_RANKED + 1 },
        (_, n) => `heron ${n === 3 ? 'first ' : ''}${n}`,
      );
      let owner: Awaited<ReturnType<typeof withFiles>>;

      beforeAll(async () => {
        owner = await withFiles('none.mp3');
        const { user } = owner;
        // That of a user who has few is among the others.
        await withFiles('heron of another');
        await api.given.jobs(names.map((original_filename) => ({ user, original_filename })));
      });

      test('the newest come first, and pages skip and repeat nothing while others add some', async () => {
        const met = await allMatches(
          async (args) => {
            const found = await searchJobs(owner.as, 'heron', args);
            expect(found).toMatchObject({ totalCount: names.length, isTotalCountExact: true });
            expect(found.isRanked).toBe(false);
            return found;
          },
          () => withFiles('heron added'),
          100,
        );
        expect(met.map(({ job }) => job.originalFilename)).toEqual(names.toReversed());
        for (const { score } of met) expect(score).toBeGreaterThan(0);
      });

      test('pages go back from the end', async () => {
        const backwards: string[] = [];
        for (let before: string | null = null, more = true; more; ) {
          const { edges, pageInfo } = await searchJobs(owner.as, 'heron', { last: 100, before });
          backwards.unshift(...edges.map(({ node }) => node.job.originalFilename));
          before = pageInfo.startCursor;
          more = before !== null;
        }
        expect(backwards).toEqual(names.toReversed());
      });

      test('an administrator meets those of all users, the newest first', async () => {
        const administrator = await api.given.administrator();
        await withFiles('heron newest');
        const { edges, isRanked } = await searchJobs(administrator.as, 'heron', { first: 2 });
        expect(isRanked).toBe(false);
        expect(edges[0]?.node.job.originalFilename).toBe('heron newest');
        const last = await searchJobs(administrator.as, 'heron', { last: 1 });
        expect(last.edges[0]?.node.job.originalFilename).toBe('heron of another');
      });

      test.each([
        ['a common and a seldom word', 'heron first', ['heron first 3']],
        ['two that never meet', 'heron none', []],
      ])('%s are ranked', async (_, query, found) => {
        expect(await filenames(owner.as, query)).toEqual(found);
        expect((await searchJobs(owner.as, query)).isRanked).toBe(true);
      });

      test('the matches of a user who has few are ranked', async () => {
        const { as } = await withFiles('heron mine', 'other');
        const { edges, totalCount, isRanked } = await searchJobs(as, 'heron');
        expect(edges.map(({ node }) => node.job.originalFilename)).toEqual(['heron mine']);
        expect({ totalCount, isRanked }).toEqual({ totalCount: 1, isRanked: true });
        const { as: nobody } = await withFiles('other');
        expect(await searchJobs(nobody, 'heron')).toMatchObject({ edges: [], totalCount: 0 });
      });

      test('the pages of a search stay in their order, however many match by now', async () => {
        const { user, as } = await withFiles('none.mp3');
        const some = Array.from({ length: MOST_RANKED }, () => ({
          user,
          original_filename: 'stork',
        }));
        await api.given.jobs(some);
        const ranked = await searchJobs(as, 'stork', { first: 5 });
        await api.given.job({ user, original_filename: 'stork' });
        const newest = await searchJobs(as, 'stork', { first: 5 });
        expect([ranked.isRanked, newest.isRanked]).toEqual([true, false]);
        const next = (page: FoundJobs) =>
          searchJobs(as, 'stork', { first: 5, after: page.pageInfo.endCursor });
        expect((await next(ranked)).isRanked).toBe(true);
        const five = api.db('jobs').select('id').where('user_id', user.id).limit(5);
        await api.db('jobs').whereIn('id', five).delete();
        expect((await searchJobs(as, 'stork')).isRanked).toBe(true);
        expect((await next(newest)).isRanked).toBe(false);
      });
    });

    test('a job that is given to another user is found by that one alone', async () => {
      const before = await withFiles('gift.mp3');
      const after = await withFiles('other.mp3');
      await api.given.segments(before.job, ['A present.']);
      const changes = { user_id: after.user.id };
      await api.db('jobs').where('id', before.job.id).update(changes);
      expect(await searchJobs(before.as, 'gift')).toMatchObject({ edges: [], totalCount: 0 });
      expect(await searchJobs(after.as, 'gift')).toMatchObject({ edges: [{}], totalCount: 1 });
      expect(await texts(before.as, 'present')).toEqual([]);
      expect(await texts(after.as, 'present')).toEqual(['A present.']);
    });

    test('nobody puts theirs among what another finds, whatever they call it', async () => {
      const { user, as } = await withFiles('mine.mp3');
      const marks = [`\ue000${user.id}`, `user:${user.id}`, `'user:${user.id}'`];
      const foreign = await withFiles(...(marks.map((mark) => `mine ${mark}`) as [string]));
      await api.given.segments(
        foreign.job,
        marks.map((mark) => `mine ${mark}`),
      );
      expect(await searchJobs(as, 'mine')).toMatchObject({ edges: [{}], totalCount: 1 });
      expect(await searchSegments(as, 'mine')).toMatchObject({ edges: [], totalCount: 0 });
    });
  });

  describe('for segments', () => {
    const said = [
      'Good morning, everybody.',
      'We talk about the Budget today.',
      'The budget of 2026, and/or the budget-plan: see <b>example.com/budget</b>.',
      'Доброе утро, Köln!',
    ];
    let as: Client;
    let jobId: string;

    beforeAll(async () => {
      const { as: owner, job } = await withFiles('segments.mp3');
      await api.given.segments(job, said);
      as = owner;
      jobId = job.globalId;
    });

    test('words land on the second in which they are said', async () => {
      const { edges, totalCount } = await searchSegments(as, 'TALK budget');
      expect(totalCount).toBe(1);
      expect(edges).toEqual([
        {
          node: {
            segment: { text: said[1], startSeconds: 2 },
            job: { id: jobId },
            highlight: [
              { text: 'We ', isMatch: false },
              { text: 'talk', isMatch: true },
              { text: ' about the ', isMatch: false },
              { text: 'Budget', isMatch: true },
              { text: ' today.', isMatch: false },
            ],
          },
        },
      ]);
    });

    test('the highlight is the whole text as it was said, whatever is in it', async () => {
      const { edges } = await searchSegments(as, '2026 budget');
      const highlight = edges[0]?.node.highlight;
      expect(highlight?.map(({ text }) => text).join('')).toBe(said[2]);
      expect(matches(highlight)).toEqual(['budget', '2026', 'budget', 'budget']);
    });

    test('of any language and case', async () => {
      expect(await texts(as, 'ДОБРОЕ köln')).toEqual([said[3]]);
      const { edges } = await searchSegments(as, 'утро');
      expect(matches(edges[0]?.node.highlight)).toEqual(['утро']);
    });

    test('all words have to be in one segment', async () => {
      expect(await texts(as, 'morning budget')).toEqual([]);
      expect((await searchSegments(as, 'morning budget')).totalCount).toBe(0);
    });

    test('in either normalization form, whatever that of the text is', async () => {
      const { as: owner, job } = await withFiles('forms.mp3');
      const composed = 'Caf\u00e9 in K\u00f6ln.';
      const decomposed = composed.normalize('NFD');
      await api.given.segments(job, [composed, decomposed, 'Cafe in Koln.']);
      for (const query of ['caf\u00e9 k\u00f6ln', 'cafe\u0301 ko\u0308ln']) {
        const { edges } = await searchSegments(owner, query);
        expect(edges.map(({ node }) => node.segment.text)).toEqual([decomposed, composed]);
        expect(edges.map(({ node }) => matches(node.highlight))).toEqual([
          ['Cafe\u0301', 'Ko\u0308ln'],
          ['Caf\u00e9', 'K\u00f6ln'],
        ]);
      }
    });

    test('the newest come first, and pages skip and repeat nothing while others add some', async () => {
      const { as: owner, job } = await withFiles('growing.mp3');
      const sentences = Array.from({ length: 11 }, (_, n) => `${'okapi '.repeat(1 + (n % 3))}${n}`);
      await api.given.segments(job, sentences);
      const met = await allMatches(
        (args) => searchSegments(owner, 'okapi', args),
        async () => {
          const other = await withFiles('other.mp3');
          await api.given.segments(other.job, ['Okapi.', 'Nothing of the kind. '.repeat(20)]);
        },
      );
      expect(met.map(({ segment }) => segment.text)).toEqual(sentences.toReversed());
    });

    test('what was said in a job that is not completed is not found', async () => {
      const { as: owner, user, job } = await withFiles('done.mp3');
      const unfinished = await api.given.job({ user, status: 'processing' });
      await api.given.segments(job, ['A walrus.']);
      await api.given.segments(unfinished, ['Half a walrus.']);
      expect(await texts(owner, 'walrus')).toEqual(['A walrus.']);
      expect((await searchSegments(owner, 'walrus')).totalCount).toBe(1);
    });

    test('pages by cursor have each match once', async () => {
      const { as: owner, job } = await withFiles('many.mp3');
      const sentences = Array.from({ length: 11 }, (_, n) => `word ${'word '.repeat(n % 3)}${n}`);
      await api.given.segments(job, sentences);
      const met = await allMatches((args) => searchSegments(owner, 'word', args));
      expect(met.map(({ segment }) => segment.text).toSorted()).toEqual(sentences.toSorted());
    });

    test('the index follows the rows', async () => {
      const { as: owner, job } = await withFiles('changing.mp3');
      await api.given.segments(job, ['Old words.', 'Other words.']);
      await api
        .db('segments')
        .where({ job_id: job.id, position: 0 })
        .update({ text: 'New words.' });
      expect(await texts(owner, 'old')).toEqual([]);
      expect(await texts(owner, 'new')).toEqual(['New words.']);
      await api.db('segments').where({ job_id: job.id, position: 1 }).delete();
      expect(await texts(owner, 'words')).toEqual(['New words.']);
      await api.db('jobs').where('id', job.id).delete();
      expect(await texts(owner, 'words')).toEqual([]);
    });

    test('more than 10,000 are not counted, and it is told', async () => {
      const { as: owner, job } = await withFiles('long.mp3');
      const segments = Array.from({ length: MOST_COUNTED + 1 }, (_, position) => ({
        job_id: job.id,
        position,
        start_seconds: position,
        end_seconds: position + 1,
        text: 'crane',
      }));
      await api.db.raw(insertFromJson(api.db, 'segments', Object.keys(segments[0] ?? {})), [
        JSON.stringify(segments),
      ]);

      const counted = async () => {
        const { totalCount, isTotalCountExact } = await searchSegments(owner, 'crane');
        return { totalCount, isTotalCountExact };
      };
      expect(await counted()).toEqual({ totalCount: MOST_COUNTED, isTotalCountExact: false });
      await api.db('segments').where({ job_id: job.id, position: 7 }).delete();
      expect(await counted()).toEqual({ totalCount: MOST_COUNTED, isTotalCountExact: true });
    });

    test('a user finds what was said in their own jobs alone', async () => {
      const other = await api.given.user();
      const worker = await api.given.worker();
      expect(await texts(other.as, 'morning')).toEqual([]);
      expect(await texts(worker.as, 'morning everybody')).toEqual([said[0]]);
      const refusal = await api.client.refusal(SEARCH_SEGMENTS, { query: 'morning' });
      expect(refusal.code).toBe('UNAUTHENTICATED');
    });
  });

  describe('for anything', () => {
    test.each(hostile)(
      '%j is answered, or refused as having no words or too many',
      async (query) => {
        const { as, job } = await withFiles('team-call_2026.mp3', 'rock AND roll.mp3', query);
        await api.given.segments(job, ['We call the team.', query]);
        for (const search of [SEARCH_JOBS, SEARCH_SEGMENTS]) {
          const { errors } = await as.send(search, { query });
          for (const { extensions, message } of errors) {
            expect(extensions.code).toBe('BAD_USER_INPUT');
            expect(message).toMatch(/^"query" has (no word in it|1000 words; the most are 32)\.$/);
          }
        }
      },
    );

    test('words that are operators elsewhere are words', async () => {
      const { as } = await withFiles('rock AND roll.mp3', 'rock or roll.mp3', 'near not.mp3');
      expect(await filenames(as, 'rock AND roll')).toEqual(['rock AND roll.mp3']);
      expect(await filenames(as, 'rock OR roll')).toEqual(['rock or roll.mp3']);
      expect(await filenames(as, 'NOT NEAR')).toEqual(['near not.mp3']);
    });

    test('a cursor of the other search is refused', async () => {
      const { as } = await withFiles('call.mp3');
      const { pageInfo } = await searchJobs(as, 'call');
      const refusal = await as.refusal(SEARCH_SEGMENTS, {
        query: 'call',
        after: pageInfo.endCursor,
      });
      expect(refusal).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('"after" is a cursor of the ordering jobs.score'),
      });
    });
  });
});
