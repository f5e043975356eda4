import { crc32 } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import type { JobRow } from '../src/db/jobs.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { globalId, minutes } from './harness/given.ts';

interface Page {
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

interface PageArguments {
  first?: number;
  last?: number;
  after?: string | null;
  before?: string | null;
}

/** Reads a page of one connection. */
type Read = (args: PageArguments) => Promise<Page>;

const PAGE = `edges { cursor node { id } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;
const VARIABLES = '$first: Int, $last: Int, $after: String, $before: String';
const ARGUMENTS = 'first: $first, last: $last, after: $after, before: $before';

const idsOf = ({ edges }: Page): string[] => edges.map(({ node }) => node.id);

/** Pages of `jobs` in an order. */
const jobPages =
  (as: Client, orderBy: object = { field: 'CREATED_AT' }): Read =>
  async (args) => {
    const { jobs }: { jobs: Page } = await as.query(
      `query Jobs(${VARIABLES}, $orderBy: JobOrder!) { jobs(${ARGUMENTS}, orderBy: $orderBy) { ${PAGE} } }`,
      { ...args, orderBy },
    );
    return jobs;
  };

/** Done with each page that was read, before the next is. */
type Between = (page: Page) => Promise<unknown>;

/** All pages by `first` and `after`, from the beginning. */
async function forwards(read: Read, first: number, between?: Between): Promise<Page[]> {
  const pages: Page[] = [];
  let after: string | null = null;
  for (let more = true; more; ) {
    const page = await read({ first, after });
    pages.push(page);
    after = page.pageInfo.endCursor;
    more = page.pageInfo.hasNextPage;
    await between?.(page);
  }
  return pages;
}

/** All pages by `last` and `before`, from the end. */
async function backwards(read: Read, last: number, between?: Between): Promise<Page[]> {
  const pages: Page[] = [];
  let before: string | null = null;
  for (let more = true; more; ) {
    const page = await read({ last, before });
    pages.unshift(page);
    before = page.pageInfo.startCursor;
    more = page.pageInfo.hasPreviousPage;
    await between?.(page);
  }
  return pages;
}

async function expectBothWalks(read: Read, size: number, expected: string[]): Promise<void> {
  expect((await forwards(read, size)).flatMap(idsOf)).toEqual(expected);
  expect((await backwards(read, size)).flatMap(idsOf)).toEqual(expected);
}

/** Rows as every ordering has them: what has no value first, and among equals by the id. */
function ascending<Row extends { id: string | number }>(
  rows: readonly Row[],
  valueIn: (row: Row) => string | number | null,
): Row[] {
  const compare = (a: string | number | null, b: string | number | null): number => {
    if (a === b) return 0;
    if (a === null || b === null) return a === null ? -1 : 1;
    return a < b ? -1 : 1;
  };
  return rows.toSorted((a, b) => compare(valueIn(a), valueIn(b)) || compare(a.id, b.id));
}

/** The character that differs in its last bit. */
const flipped = (character: string): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet.charAt(alphabet.indexOf(character) ^ 1);
};

/** A cursor with a right checksum, which is no secret. */
function cursorMadeOf(place: unknown): string {
  const text = JSON.stringify(place);
  return Buffer.from(crc32(text).toString(16).padStart(8, '0') + text).toString('base64url');
}

describe.each(databases)('pagination on $name', (kind) => {
  const api = useApi(kind);

  describe('of jobs', () => {
    let as: Client;
    const jobs: JobRow[] = [];

    beforeAll(async () => {
      const owner = await api.given.user();
      as = owner.as;
      for (let index = 0; index < 60; index += 1) {
        const ended = index % 3 === 0;
        jobs.push(
          await api.given.job({
            user: owner.user,
            // Fifty jobs of one moment, and many without the other values.
            created_at: minutes(Math.max(0, index - 49)),
            finished_at: ended ? minutes(index % 4) : null,
            duration_seconds: ended ? (index % 5) + 0.1 : null,
            processing_time_seconds: ended ? (index % 7) / 3 : null,
            file_size_bytes: ended ? (index % 2) * 3_000_000_000 : null,
          }),
        );
      }
    });

    const orderings = [
      ['CREATED_AT', (job: JobRow) => job.created_at],
      ['FINISHED_AT', (job: JobRow) => job.finished_at],
      ['DURATION', (job: JobRow) => job.duration_seconds],
      ['PROCESSING_TIME', (job: JobRow) => job.processing_time_seconds],
      ['FILE_SIZE', (job: JobRow) => job.file_size_bytes],
    ] as const;

    test.each(orderings)('by %s has each row once, in both directions', async (field, valueIn) => {
      const expected = ascending(jobs, valueIn).map(({ id }) => globalId('Job', id));
      await expectBothWalks(jobPages(as, { field, direction: 'ASC' }), 7, expected);
      await expectBothWalks(jobPages(as, { field, direction: 'DESC' }), 7, expected.toReversed());
    });

    test('a page between two cursors has what lies between them', async () => {
      const read = jobPages(as);
      const { edges } = await read({ first: 10 });
      const [after, before] = [edges[1]?.cursor ?? '', edges[8]?.cursor ?? ''];
      const expected = edges.slice(2, 8).map(({ node }) => node.id);
      expect(idsOf(await read({ first: 100, after, before }))).toEqual(expected);
      expect(idsOf(await read({ first: 2, after, before }))).toEqual(expected.slice(0, 2));
      expect(idsOf(await read({ last: 2, after, before }))).toEqual(expected.slice(-2));
    });

    test('twenty come where no size is given', async () => {
      expect((await jobPages(as)({})).edges).toHaveLength(20);
    });

    test('no statement skips rows by counting them', async () => {
      const read = jobPages(as);
      api.forgetStatements();
      await forwards(read, 30);
      await backwards(read, 30);
      const sent = api.statements.filter(({ sql }) => /from [`"]jobs[`"]/.test(sql));
      expect(sent.map(({ rowCount }) => rowCount)).toEqual([31, 30, 31, 30]);
      expect(api.statements.filter(({ sql }) => /\boffset\b/i.test(sql))).toEqual([]);
    });
  });

  describe('of what else has a list', () => {
    test.each([
      ['CREATED_AT', 'created_at'],
      ['LAST_LOGIN', 'last_login'],
      ['USERNAME', 'username'],
    ] as const)('users by %s come each once, in both directions', async (field, column) => {
      const { as, user } = await api.given.administrator();
      const prefix = `walked${user.id}-`;
      const users = [];
      for (let index = 0; index < 20; index += 1) {
        const made = await api.given.user({
          username: `${prefix}${'.-_aä'.charAt(index % 5)}${index}`,
          created_at: minutes(Math.floor(index / 10)),
          last_login: index % 2 ? null : minutes(index % 3),
        });
        users.push(made.user);
      }
      const expected = ascending(users, (row) => row[column]).map(({ id }) => globalId('User', id));
      const read =
        (direction: string): Read =>
        async (args) => {
          const answer: { users: Page } = await as.query(
            `query Users(${VARIABLES}, $filter: UserFilter!, $orderBy: UserOrder!) {
               users(${ARGUMENTS}, filter: $filter, orderBy: $orderBy) { ${PAGE} }
             }`,
            { ...args, filter: { usernamePrefix: prefix }, orderBy: { field, direction } },
          );
          return answer.users;
        };
      await expectBothWalks(read('ASC'), 3, expected);
      await expectBothWalks(read('DESC'), 3, expected.toReversed());
    });

    test('the audit log comes each entry once, the newest first', async () => {
      const { as } = await api.given.administrator();
      const entries = [];
      for (let index = 0; index < 20; index += 1) {
        const timestamp = minutes(Math.floor(index / 8));
        entries.push(await api.given.auditLog({ event_type: 'walked', timestamp }));
      }
      const expected = ascending(entries, ({ timestamp }) => timestamp).toReversed();
      const read: Read = async (args) => {
        const { auditLogs }: { auditLogs: Page } = await as.query(
          `query Log(${VARIABLES}) {
             auditLogs(${ARGUMENTS}, filter: { eventType: "walked" }) { ${PAGE} }
           }`,
          args,
        );
        return auditLogs;
      };
      await expectBothWalks(
        read,
        3,
        expected.map(({ id }) => globalId('AuditLog', id)),
      );
    });

    test('the segments of a job come in order of time', async () => {
      const { user, as } = await api.given.user();
      const job = await api.given.job({ user });
      const texts = Array.from({ length: 11 }, (_, index) => `Sentence ${index}.`);
      const segments = await api.given.segments(job, texts);
      const read: Read = async (args) => {
        const answer: { job: { segments: Page } } = await as.query(
          `query Segments(${VARIABLES}, $id: ID!) { job(id: $id) { segments(${ARGUMENTS}) { ${PAGE} } } }`,
          { ...args, id: job.globalId },
        );
        return answer.job.segments;
      };
      await expectBothWalks(
        read,
        4,
        ascending(segments, ({ position }) => position).map(({ id }) => globalId('Segment', id)),
      );
    });
  });

  test.each([
    ['forwards', forwards],
    ['backwards', backwards],
  ])('a walk %s skips and doubles no row that stayed', async (_name, walk) => {
    const { user, as } = await api.given.user();
    const add = (minute: number) => api.given.job({ user, created_at: minutes(minute) });
    const rows: JobRow[] = [];
    for (let index = 60; index > 0; index -= 1) rows.push(await add(Math.floor(index / 6)));
    const removed = new Set<string>();
    const remove = async (job: JobRow | undefined): Promise<void> => {
      if (!job) return;
      removed.add(globalId('Job', job.id));
      await api.db('jobs').where('id', job.id).delete();
    };
    const pages = await walk(jobPages(as), 5, async ({ edges }) => {
      for (const minute of [-1, 5, 99]) await add(minute);
      // The rows that the cursors stand for, and others before and behind them.
      for (const edge of [edges.at(0), edges.at(-1)]) {
        await remove(rows.find(({ id }) => globalId('Job', id) === edge?.node.id));
      }
      await remove(rows[removed.size]);
      await remove(rows.at(-removed.size));
    });
    const met = pages.flatMap(idsOf);
    const stayed = ascending(rows, ({ created_at }) => created_at)
      .toReversed()
      .map(({ id }) => globalId('Job', id))
      .filter((id) => !removed.has(id));
    expect(stayed.length).toBeGreaterThan(10);
    expect(met.filter((id) => stayed.includes(id))).toEqual(stayed);
    expect(new Set(met).size).toBe(met.length);
  });

  describe('tells what lies beyond a page', () => {
    const ownJobs = async (count: number): Promise<Read> => {
      const { user, as } = await api.given.user();
      for (let index = 0; index < count; index += 1) await api.given.job({ user });
      return jobPages(as);
    };
    const beyond = (pages: Page[]) =>
      pages.map(({ pageInfo: { hasPreviousPage, hasNextPage } }) =>
        [hasPreviousPage && '<', hasNextPage && '>'].filter(Boolean).join(''),
      );

    test.each([6, 5])('of %i rows in pages of two', async (count) => {
      const read = await ownJobs(count);
      expect(beyond(await forwards(read, 2))).toEqual(['>', '<>', '<']);
      expect(beyond(await backwards(read, 2))).toEqual(['>', '<>', '<']);
    });

    test('of rows that all fit', async () => {
      const read = await ownJobs(2);
      for (const args of [{}, { first: 2 }, { last: 2 }, { first: 100 }, { last: 100 }]) {
        expect(beyond([await read(args)])).toEqual(['']);
      }
    });

    test('of no rows', async () => {
      const nothing = {
        edges: [],
        pageInfo: {
          hasNextPage: false,
          hasPreviousPage: false,
          startCursor: null,
          endCursor: null,
        },
      };
      const read = await ownJobs(0);
      expect(await read({})).toEqual(nothing);
      expect(await read({ last: 1 })).toEqual(nothing);
      expect(await read({ first: 0 })).toEqual(nothing);
    });

    test('of a page that is asked to be empty', async () => {
      const read = await ownJobs(1);
      const { edges, pageInfo } = await read({ first: 0 });
      expect({ edges, pageInfo }).toEqual({
        edges: [],
        pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
      });
      expect(beyond([await read({ last: 0 })])).toEqual(['<']);
    });

    test('and where it begins and ends', async () => {
      const read = await ownJobs(3);
      const { edges, pageInfo } = await read({ first: 2 });
      expect(edges.map(({ cursor }) => cursor)).toEqual([pageInfo.startCursor, pageInfo.endCursor]);
    });
  });

  describe('counts', () => {
    const counting = () => api.statements.filter(({ sql }) => /count\(|rollups/i.test(sql));

    test('all pages, and only where that is asked for', async () => {
      const { user, as } = await api.given.user();
      for (let index = 0; index < 5; index += 1) await api.given.job({ user });
      const { edges, pageInfo } = await jobPages(as)({ first: 2 });
      expect(edges).toHaveLength(2);
      api.forgetStatements();
      await jobPages(as)({ first: 2, after: pageInfo.endCursor });
      expect(api.statements).toHaveLength(1);
      const query = 'query Count($after: String) { jobs(first: 2, after: $after) { totalCount } }';
      expect(await as.query(query, { after: pageInfo.endCursor })).toEqual({
        jobs: { totalCount: 5 },
      });
      expect(counting()).toHaveLength(1);
    });

    test('the rows of all parents in one statement', async () => {
      const { user, as } = await api.given.user();
      for (const texts of [['One.'], [], ['One.', 'Two.', 'Three.']]) {
        await api.given.segments(await api.given.job({ user }), texts);
      }
      api.forgetStatements();
      const query = `{
        viewer {
          jobs(orderBy: { field: CREATED_AT, direction: ASC }) {
            totalCount
            edges { node { segments(first: 1) { totalCount } } }
          }
        }
      }`;
      expect(await as.query(query)).toEqual({
        viewer: {
          jobs: {
            totalCount: 3,
            edges: [1, 0, 3].map((totalCount) => ({ node: { segments: { totalCount } } })),
          },
        },
      });
      expect(counting()).toHaveLength(2);
    });
  });

  describe('refuses', () => {
    const JOBS = `query Jobs(${VARIABLES}) { jobs(${ARGUMENTS}) { edges { node { id } } } }`;

    test.each([
      [{ first: 101 }, '"first" is 101; the largest page is 100.'],
      [{ last: 101 }, '"last" is 101; the largest page is 100.'],
      [{ first: -1 }, '"first" is -1; it cannot be negative.'],
      [{ last: -1 }, '"last" is -1; it cannot be negative.'],
      [{ first: 1, last: 1 }, 'Ask for "first" or for "last", not for both.'],
      [{ after: '' }, '"after" is not a cursor that this API gave out.'],
      [{ before: '%' }, '"before" is not a cursor that this API gave out.'],
    ])('%j', async (args, message) => {
      const { as } = await api.given.user();
      expect(await as.refusal(JOBS, args)).toMatchObject({ code: 'BAD_USER_INPUT', message });
    });

    test('bad arguments of a nested connection', async () => {
      const { as } = await api.given.user();
      expect(await as.refusal('{ viewer { jobs(first: 101) { totalCount } } }')).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('"first"'),
      });
    });

    test('a cursor of another ordering', async () => {
      const { user, as } = await api.given.user();
      await api.given.job({ user });
      const { pageInfo } = await jobPages(as, { field: 'DURATION' })({});
      for (const name of ['after', 'before']) {
        const refusal = await as.refusal(JOBS, { [name]: pageInfo.endCursor });
        expect(refusal).toMatchObject({
          code: 'BAD_USER_INPUT',
          message: `"${name}" is a cursor of the ordering jobs.duration_seconds; this page is ordered by jobs.created_at.`,
        });
      }
    });

    test('a cursor with any character changed', async () => {
      const { user, as } = await api.given.user();
      await api.given.job({ user });
      const cursor = (await jobPages(as)({})).pageInfo.endCursor ?? '';
      const changed = Array.from(
        cursor,
        (character, index) => cursor.slice(0, index) + flipped(character) + cursor.slice(index + 1),
      );
      expect(changed.length).toBeGreaterThan(50);
      for (const after of [...changed, `${cursor}A`, `${cursor}=`, ` ${cursor}`, cursor.slice(1)]) {
        expect(await as.refusal(JOBS, { after })).toMatchObject({
          code: 'BAD_USER_INPUT',
          message: '"after" is not a cursor that this API gave out.',
        });
      }
    });

    test.each([
      ['jobs.created_at', 'some day', 'an id'],
      ['jobs.created_at', null, 'an id'],
      ['jobs.created_at', '0000-01-01T00:00:00.000Z', 7],
      ['jobs.created_at', '0000-01-01T00:00:00.000Z', 'an id'],
      ['jobs.created_at', '+010000-01-01T00:00:00.000Z', 'an id'],
      ['jobs.created_at', '-000001-01-01T00:00:00.000Z', 'an id'],
      ['jobs.created_at', { isRawInstance: true }, ['an id']],
      ['jobs.created_at'],
      {},
      null,
    ])('a cursor that somebody made of %j', async (place) => {
      const { as } = await api.given.user();
      expect(await as.refusal(JOBS, { after: cursorMadeOf(place) })).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('"after" is'),
      });
    });

    test.each([
      ['jobs.file_size_bytes', 0.5],
      ['jobs.file_size_bytes', 1e300],
      ['jobs.file_size_bytes', -1e19],
      ['segments.position', 0.5],
      ['segments.position', 2 ** 31],
      ['segments.position', 1e300],
    ])('a cursor of %s that somebody made of %d', async (ordering, value) => {
      const { as, user } = await api.given.user();
      const job = await api.given.job({ user });
      const [argument, query] =
        ordering === 'segments.position'
          ? [
              1,
              'query ($after: String) { jobs { edges { node { segments(after: $after) { totalCount } } } } }',
            ]
          : [
              job.id,
              'query ($after: String) { jobs(after: $after, orderBy: { field: FILE_SIZE }) { totalCount } }',
            ];
      const made = (part: number | string) => cursorMadeOf([ordering, part, argument]);
      const { code } = await as.refusal(query, { after: made(value) });
      expect(code).toBe('BAD_USER_INPUT');
      expect(await as.query(query, { after: made(1) })).toBeTruthy();
    });
  });

  describe('inside lists', () => {
    const statementsOn = (table: string) =>
      api.statements.filter(({ sql }) => new RegExp(`from [\`"]?${table}\\b`, 'i').test(sql));

    test('the jobs of all users are one statement, and go on by their cursors', async () => {
      const { as, user: administrator } = await api.given.administrator();
      const prefix = `nested${administrator.id}-`;
      const owners: { id: string; jobs: string[] }[] = [];
      for (const count of [3, 0, 5, 2]) {
        const { user, id } = await api.given.user({ username: `${prefix}${owners.length}` });
        const jobs: string[] = [];
        for (let made = 0; made < count; made += 1) {
          jobs.unshift((await api.given.job({ user })).globalId);
        }
        owners.push({ id, jobs });
      }
      const ofAll = async (args: PageArguments): Promise<Page[]> => {
        const { users }: { users: { edges: { node: { jobs: Page } }[] } } = await as.query(
          `query Users(${VARIABLES}, $prefix: String!) {
             users(filter: { usernamePrefix: $prefix }, orderBy: { field: USERNAME, direction: ASC }) {
               edges { node { jobs(${ARGUMENTS}) { ${PAGE} } } }
             }
           }`,
          { ...args, prefix },
        );
        return users.edges.map(({ node }) => node.jobs);
      };
      api.forgetStatements();
      const pages = await ofAll({ first: 2 });
      expect(statementsOn('jobs')).toHaveLength(1);
      expect(pages.map(idsOf)).toEqual(owners.map(({ jobs }) => jobs.slice(0, 2)));
      expect(pages.map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, false, true, false]);
      expect((await ofAll({ last: 2 })).map(idsOf)).toEqual(
        owners.map(({ jobs }) => jobs.slice(-2)),
      );
      for (const { id, jobs } of owners) {
        const read: Read = async (args) => {
          const { user }: { user: { jobs: Page } } = await as.query(
            `query User(${VARIABLES}, $id: ID!) { user(id: $id) { jobs(${ARGUMENTS}) { ${PAGE} } } }`,
            { ...args, id },
          );
          return user.jobs;
        };
        await expectBothWalks(read, 2, jobs);
      }
    });

    test('the segments of all jobs are one statement, and go on by a cursor', async () => {
      const { user, as } = await api.given.user();
      const expected: string[][] = [];
      for (const count of [5, 0, 3]) {
        const texts = Array.from({ length: count }, (_, index) => `Sentence ${index}.`);
        const segments = await api.given.segments(await api.given.job({ user }), texts);
        expected.unshift(segments.map(({ id }) => globalId('Segment', id)));
      }
      const ofAll = async (args: PageArguments): Promise<Page[]> => {
        const { jobs }: { jobs: { edges: { node: { segments: Page } }[] } } = await as.query(
          `query Jobs(${VARIABLES}) { jobs { edges { node { segments(${ARGUMENTS}) { ${PAGE} } } } } }`,
          args,
        );
        return jobs.edges.map(({ node }) => node.segments);
      };
      api.forgetStatements();
      const pages = await ofAll({ first: 2 });
      expect(statementsOn('segments')).toHaveLength(1);
      expect(pages.map(idsOf)).toEqual(expected.map((ids) => ids.slice(0, 2)));
      const next = await ofAll({ first: 2, after: pages.at(-1)?.pageInfo.endCursor ?? null });
      expect(next.at(-1)).toMatchObject({ pageInfo: { hasNextPage: true, hasPreviousPage: true } });
      expect(next.at(-1)?.edges.map(({ node }) => node.id)).toEqual(expected.at(-1)?.slice(2, 4));
    });
  });
});
