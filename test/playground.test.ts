import { readdirSync, readFileSync } from 'node:fs';
import { parse, validate } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../src/schema/index.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';

const directory = new URL('../examples/', import.meta.url);
const files = readdirSync(directory);
const read = (file: string): string => readFileSync(new URL(file, directory), 'utf8');

describe.each(databases)('the playground on $name', (kind) => {
  const api = useApi(kind);
  let answer: Response;
  let page: string;
  beforeAll(async () => {
    answer = await fetch(api.url, { headers: { accept: 'text/html,*/*;q=0.8' } });
    page = await answer.text();
  });

  test('is what a browser gets, and a client that takes JSON does not', async () => {
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    const headers = { accept: 'application/json' };
    const json = await fetch(`${api.url}?query={viewer{id}}`, { headers });
    expect(await json.json()).toEqual({ data: { viewer: null } });
  });

  // The page has megabytes: a matcher of the whole text would take seconds to write its message.
  test('says whose it is', () => {
    expect(page.match(/<title>.*?<\/title>/)?.[0]).toBe('<title>Whisper Transcriber API</title>');
  });

  test('loads nothing from another host', () => {
    const markup = page.replaceAll(/<script>.*?<\/script>/gs, '<script></script>');
    const elsewhere = /(src|href)\s*=\s*["']?(https?:)?\/\/|url\(\s*["']?(https?:)?\/\/|@import/gi;
    expect(markup.match(elsewhere)).toBeNull();
    // Scripts have addresses of documentation in them, but of nothing that they could load.
    const addresses = page.match(/https?:\/\/[^\s"'`<>()\\]+/gi) ?? [];
    expect(addresses).toContain('http://www.w3.org/2000/svg');
    const loadable =
      /cdn|unpkg|jsdelivr|esm\.sh|googleapis|gstatic|\.(m?js|css|woff2?|ttf|png|jpe?g|ico)$/i;
    expect(addresses.filter((address) => loadable.test(address))).toEqual([]);
  });

  test.each(files)('has %s in a tab', (file) => {
    expect(page.includes(JSON.stringify(read(file)).slice(1, -1))).toBe(true);
  });
});

describe('the examples', () => {
  test.each(files)('%s fits the schema', (file) => {
    expect(validate(createSchema(), parse(read(file)))).toEqual([]);
  });
});

describe.each(databases)('the examples on $name', (kind) => {
  const api = useApi(kind);
  let as: Client;
  beforeAll(async () => {
    const administrator = await api.given.administrator({ username: 'ada' });
    as = administrator.as;
    const job = await api.given.job({
      user: administrator.user,
      original_filename: 'meeting.mp3',
      created_at: new Date().toISOString(),
      duration_seconds: 60,
    });
    await api.given.metadata({ job, language: 'de' });
    await api.given.segments(job, ['Now to the budget.']);
  });

  const subscription = '6-watch-my-jobs.graphql';
  const answers: Record<string, object> = {
    '1-my-jobs.graphql': {
      jobs: {
        edges: [
          {
            node: {
              originalFilename: 'meeting.mp3',
              user: { username: 'ada' },
              metadata: { language: 'de' },
            },
          },
        ],
      },
    },
    '2-search-transcripts.graphql': {
      searchSegments: {
        edges: [
          {
            node: {
              highlight: expect.arrayContaining([{ text: 'budget', isMatch: true }]),
              job: { originalFilename: 'meeting.mp3' },
            },
          },
        ],
      },
    },
    '3-statistics.graphql': { jobStatistics: { count: 1, durationSeconds: 60 } },
    '4-users-with-jobs.graphql': {
      users: {
        edges: [
          { node: { username: 'ada', jobs: { edges: [{ node: { durationSeconds: 60 } }] } } },
        ],
      },
    },
    '5-performance.graphql': {
      performance: { statements: { edges: expect.any(Array) } },
    },
    '7-create-job.graphql': { createJob: { data: { status: 'QUEUED' } } },
  };

  test('are all tried here', () => {
    expect([...Object.keys(answers), subscription].sort()).toEqual(files);
  });

  test.each(Object.entries(answers))('%s finds something', async (file, answer) => {
    expect(await as.query(read(file))).toMatchObject(answer);
  });

  test(`${subscription} tells of a job`, async () => {
    const { user, as: owner } = await api.given.user();
    await api.given.job({ user, status: 'processing', progress: 0.5 });
    const events = await owner.subscribe(read(subscription));
    expect(await events.next()).toMatchObject({
      data: { myJobs: { status: 'PROCESSING', progress: 0.5 } },
    });
    events.close();
  });
});
