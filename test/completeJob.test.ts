import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import {
  COMPLETE,
  createdJob,
  FAIL,
  lease,
  movableClock,
  RELEASE,
  tokenOf,
} from './harness/queue.ts';

const data = (name: string): string =>
  readFileSync(new URL(`./whisper/${name}`, import.meta.url), 'utf8');

const FOUND = `query Found($id: ID!, $format: TranscriptFormat) {
  job(id: $id) {
    status progress durationSeconds finishedAt
    transcript(format: $format)
    segments(first: 100) {
      totalCount
      edges { node { startSeconds endSeconds text speaker averageLogProbability noSpeechProbability } }
    }
    metadata { tokens wordsPerMinute durationSeconds language }
  }
}`;

const SEARCH = `query Search($query: String!) {
  searchSegments(query: $query) { edges { node { segment { id startSeconds text } job { id } } } }
}`;

interface Segment {
  start: number;
  end: number;
  text: string;
  [field: string]: unknown;
}

const segment = (start: unknown, end: unknown, text: unknown = ' Hello.', more: object = {}) => ({
  start,
  end,
  text,
  ...more,
});

const openai = (segments: unknown, more: object = {}) => ({
  text: '',
  segments,
  language: 'en',
  ...more,
});

const cpp = (...transcription: unknown[]) => ({ result: { language: 'de' }, transcription });

/** Segments of two seconds with words, so many. */
const longTranscript = (count: number, word = 'okapi') =>
  openai(
    Array.from({ length: count }, (_, n) =>
      segment(n * 2, n * 2 + 2, ` It is ${word} number ${n}.`, {
        avg_logprob: -0.25,
        no_speech_prob: 0.01,
      }),
    ),
  );

describe.each(databases)('completeJob on $name', (kind) => {
  const { clock, pass } = movableClock();
  const api = useApi(kind, {
    clock,
    config: { jobs: { budgetSeconds: 36_000, retryDelaySeconds: 0 } },
  });
  let owner: Client;
  let worker: Client;
  beforeEach(async () => {
    await api.db('jobs').delete();
    owner = (await api.given.user()).as;
    worker = (await api.given.worker()).as;
  });

  /** What proves the lease of a new job. */
  async function token(input: object = {}) {
    await createdJob(owner, input);
    return tokenOf(await lease(worker));
  }

  async function found(id: string, format = 'TEXT') {
    const { job } = await owner.query<{ job: Record<string, unknown> }, object>(FOUND, {
      id,
      format,
    });
    return job;
  }

  const upload = (proof: object, file: Blob | string, as = worker) =>
    as.upload(COMPLETE, { ...proof }, { variable: 'transcript', file: new Blob([file]) });

  const storedSegments = async (): Promise<number> => {
    const [row] = await api.db('segments').count({ count: '*' });
    return Number(row?.count);
  };

  const nothing = { transcript: null, metadata: null, segments: { totalCount: 0, edges: [] } };

  describe("takes Whisper's JSON", () => {
    test('as openai-whisper writes it', async () => {
      const proof = await token({ durationSeconds: null });
      pass(30);
      const transcript = openai([
        segment(0, 2.5, ' Good morning.', {
          avg_logprob: -0.25,
          no_speech_prob: 0.125,
          tokens: [50364, 2205, 2446, 13, 50489],
        }),
        segment(2.5, 10, ' It is a fine day.', { tokens: [467, 307] }),
      ]);
      expect(await worker.query(COMPLETE, { ...proof, transcript })).toMatchObject({
        completeJob: { id: proof.id, status: 'COMPLETED', progress: 1, attempt: 1 },
      });
      expect(await found(proof.id)).toEqual({
        status: 'COMPLETED',
        progress: 1,
        durationSeconds: 10,
        finishedAt: clock().toISOString(),
        transcript: 'Good morning.\nIt is a fine day.\n',
        segments: {
          totalCount: 2,
          edges: [
            {
              node: {
                startSeconds: 0,
                endSeconds: 2.5,
                text: ' Good morning.',
                speaker: null,
                averageLogProbability: -0.25,
                noSpeechProbability: 0.125,
              },
            },
            {
              node: {
                startSeconds: 2.5,
                endSeconds: 10,
                text: ' It is a fine day.',
                speaker: null,
                averageLogProbability: null,
                noSpeechProbability: null,
              },
            },
          ],
        },
        metadata: { tokens: 7, wordsPerMinute: 42, durationSeconds: 10, language: 'en' },
      });
      expect(await api.db('audit_logs').where({ event_type: 'job_completed' })).toMatchObject([
        { details: 'attempt 1, 2 segments' },
      ]);
    });

    test('as whisper.cpp writes it', async () => {
      const proof = await token();
      await worker.query(COMPLETE, { ...proof, transcript: JSON.parse(data('whisper-cpp.json')) });
      expect(await found(proof.id)).toMatchObject({
        status: 'COMPLETED',
        durationSeconds: 126,
        segments: { totalCount: 9 },
        // It lists no tokens, so the words are counted.
        metadata: { tokens: 41, durationSeconds: 126, language: 'en' },
      });
    });

    test("whisper.cpp's tokens tell how sure it was", async () => {
      const proof = await token();
      const tokens = [
        { text: '[_BEG_]', id: 50363, p: 0.9 },
        { text: ' Guten', id: 1, p: 0.5 },
        { text: ' Tag', id: 2, p: 0.25 },
      ];
      const unsure = [{ text: ' Ja', id: 3, p: 0 }];
      await worker.query(COMPLETE, {
        ...proof,
        transcript: cpp(
          { offsets: { from: 0, to: 1230 }, text: ' Guten Tag', tokens },
          { offsets: { from: 1230, to: 2000 }, text: ' Ja', tokens: unsure },
        ),
      });
      const { segments, metadata } = await found(proof.id);
      expect(segments).toMatchObject({
        edges: [
          {
            node: { endSeconds: 1.23, averageLogProbability: expect.closeTo(Math.log(0.125) / 2) },
          },
          { node: { startSeconds: 1.23, averageLogProbability: null } },
        ],
      });
      expect(metadata).toMatchObject({ tokens: 3, language: 'de' });
    });

    test('with half a character, as whisper.cpp cuts them', async () => {
      const proof = await token();
      const text = JSON.stringify(cpp({ offsets: { from: 0, to: 10 }, text: 'K\u00f6' }));
      const whole = Buffer.from(text);
      const cut = Buffer.concat([
        whole.subarray(0, whole.indexOf(0xb6)),
        whole.subarray(whole.indexOf(0xb6) + 1),
      ]);
      const { errors } = await worker.upload(COMPLETE, proof, {
        variable: 'transcript',
        file: new Blob([cut]),
      });
      expect(errors).toEqual([]);
      expect(await found(proof.id)).toMatchObject({ transcript: 'K\ufffd\n' });
    });

    test('where nobody said anything', async () => {
      const proof = await token({ durationSeconds: 60 });
      await worker.query(COMPLETE, { ...proof, transcript: openai([]) });
      expect(await found(proof.id)).toMatchObject({
        status: 'COMPLETED',
        transcript: null,
        metadata: { tokens: 0, wordsPerMinute: 0, durationSeconds: 60 },
      });
    });

    test('and clamps the end of the last segment, and of its words, to the duration', async () => {
      const proof = await token({ durationSeconds: 8 });
      const words = [
        { word: ' Bye', start: 5, end: 9, probability: 0.5 },
        { word: ' bye.', start: 9, end: 30, probability: 0.5 },
      ];
      await worker.query(COMPLETE, {
        ...proof,
        transcript: openai([
          segment(0, 5, ' So', { words: [] }),
          segment(5, 30, ' Bye bye.', { words }),
        ]),
      });
      const { segments, durationSeconds } = await found(proof.id);
      expect(segments).toMatchObject({ edges: [{}, { node: { endSeconds: 8 } }] });
      expect(durationSeconds).toBe(8);
      expect((await found(proof.id, 'SRT')).transcript).toBe(
        '1\n00:00:05,000 --> 00:00:08,000\nBye bye.\n\n',
      );
    });

    test('that overlaps by no more than the steps in which Whisper counts', async () => {
      const proof = await token();
      const transcript = openai([
        segment(0, 2.02),
        segment(2, 4),
        segment(4, 4, ''),
        segment(4, 5),
      ]);
      expect(await worker.send(COMPLETE, { ...proof, transcript })).toMatchObject({ errors: [] });
    });
  });

  // Written by the writers of whisper/utils.py (openai-whisper 20240930: WriteSRT, WriteVTT, WriteTXT) from
  // the JSON beside them; for whisper-cpp.json from its segments, their times in seconds.
  describe.each(['openai-whisper', 'openai-whisper-words', 'whisper-cpp'])('%s.json', (name) => {
    test.each([
      ['SRT', 'srt'],
      ['VTT', 'vtt'],
      ['TEXT', 'txt'],
    ])("comes out as %s as from Whisper's own writer", async (format, extension) => {
      const proof = await token({ durationSeconds: null });
      expect((await upload(proof, data(`${name}.json`))).errors).toEqual([]);
      expect((await found(proof.id, format)).transcript).toBe(data(`${name}.${extension}`));
    });
  });

  test('words come out as they came in', async () => {
    const proof = await token();
    const written = JSON.parse(data('openai-whisper-words.json'));
    await upload(proof, JSON.stringify(written));
    const { transcript } = await found(proof.id, 'JSON');
    const { segments } = JSON.parse(String(transcript));
    expect(segments.map(({ words }: Segment) => words)).toEqual(
      written.segments.map(({ words }: Segment) => words),
    );
  });

  test('searchSegments lands on the second', async () => {
    const proof = await token();
    await worker.query(COMPLETE, { ...proof, transcript: longTranscript(500, 'Gru\u0308\u00dfe') });
    for (const query of ['gr\u00fc\u00dfe 321', 'GRU\u0308SSE 321'.replace('SS', '\u00df')]) {
      expect(await owner.query(SEARCH, { query })).toMatchObject({
        searchSegments: {
          edges: [{ node: { segment: { startSeconds: 642 }, job: { id: proof.id } } }],
        },
      });
    }
  });

  describe('refuses, and stores nothing', () => {
    const good = segment(0, 2);
    const invalid: [string, unknown, RegExp, number | null][] = [
      ['an empty object', {}, /"segments" or "transcription" was expected at the top/, null],
      ['a list', [], /an object was expected/, null],
      ['other JSON', { data: { job: null } }, /neither is there/, null],
      ['both forms', { ...openai([]), ...cpp() }, /both are there/, null],
      ['segments that are no list', openai({ 0: good }), /"segments" is no list/, null],
      ['a segment that is none', openai([good, 'Hello']), /^Segment 1: "a segment" is "Hello"/, 1],
      [
        'a time that is a text',
        openai([segment('0', 2)]),
        /^Segment 0: "start" is "0"; a finite/,
        0,
      ],
      ['a time that is missing', openai([{ start: 0, text: '' }]), /"end" is nothing/, 0],
      ['a negative time', openai([segment(-1, 2)]), /"start" is -1; a time from 0/, 0],
      ['a text that is a number', openai([segment(0, 2, 7)]), /"text" is 7; a text/, 0],
      ['no text', openai([segment(0, 2, null)]), /"text" is null/, 0],
      [
        'a segment that ends first',
        openai([good, segment(5, 4)]),
        /ends at 4, before it starts at 5/,
        1,
      ],
      ['segments out of order', openai([segment(5, 6), good]), /out of order/, 1],
      [
        'segments that overlap',
        openai([good, segment(1.97, 3)]),
        /before the end .* they overlap/,
        1,
      ],
      [
        'a language that is a list',
        openai([good], { language: ['en'] }),
        /"language" is \["en"\]/,
        null,
      ],
      ['tokens that are none', openai([{ ...good, tokens: 7 }]), /"tokens" is 7; a list/, 0],
      [
        'a word without a time',
        openai([{ ...good, words: [{ word: 'x', start: 0 }] }]),
        /"words\[0\].end" is nothing/,
        0,
      ],
      [
        'a probability that is a text',
        openai([{ ...good, avg_logprob: 'NaN' }]),
        /"avg_logprob" is "NaN"/,
        0,
      ],
      ['offsets that are missing', cpp({ text: 'x' }), /"offsets" is nothing; an object/, 0],
      [
        'negative offsets',
        cpp({ offsets: { from: -10, to: 10 }, text: 'x' }),
        /"offsets.from" is -0.01/,
        0,
      ],
      [
        'a segment that is too long',
        openai([segment(0, 2, 'x'.repeat(10_001))]),
        /10001 characters; the most are 10000/,
        0,
      ],
    ];

    test.each(invalid)('%s', async (_, transcript, message, place) => {
      const proof = await token();
      const { errors } = await upload(proof, JSON.stringify(transcript));
      expect(errors).toMatchObject([
        {
          message: expect.stringMatching(message),
          extensions: { code: 'INVALID_TRANSCRIPT', segment: place },
        },
      ]);
      expect(await storedSegments()).toBe(0);
      expect(await found(proof.id)).toMatchObject({ status: 'PROCESSING', ...nothing });
      // The lease is still good.
      expect((await worker.send(FAIL, proof)).errors).toEqual([]);
    });

    test.each([
      ['nothing', '', /it ends/],
      ['a text', '"hello"', /at byte 0, an object was expected/],
      [
        'what is cut off',
        '{"segments": [{"start": 0, "end',
        /the end of a text was expected and it ends/,
      ],
      ['what goes on behind', '{"segments": []} {}', /its end was expected/],
      [
        'a comma too many',
        '{"segments": [{"start":0,"end":1,"text":""},]}',
        /a value after the comma/,
      ],
      ['NaN', '{"segments": [{"start": NaN, "end": 1, "text": ""}]}', /not JSON/],
      [
        'a number beyond all',
        '{"segments": [{"start": 0, "end": 1e999, "text": ""}]}',
        /"end" is Infinity/,
      ],
      ['U+0000', '{"segments": [{"start": 0, "end": 1, "text": "a\\u0000"}]}', /U\+0000/],
    ])('a file with %s', async (_, text, message) => {
      const proof = await token();
      const { errors } = await upload(proof, text);
      expect(errors).toMatchObject([
        { message: expect.stringMatching(message), extensions: { code: 'INVALID_TRANSCRIPT' } },
      ]);
    });

    test('what lies beyond the duration', async () => {
      const proof = await token({ durationSeconds: 3 });
      const refusal = async (...segments: object[]) =>
        worker.refusal(COMPLETE, { ...proof, transcript: openai(segments) });
      expect(await refusal(segment(0, 4), segment(4, 5))).toMatchObject({
        code: 'INVALID_TRANSCRIPT',
        message: 'Segment 1: it starts at 4, beyond the duration of the audio (3).',
      });
      expect(await refusal(segment(0, 4), segment(3.99, 5))).toMatchObject({
        code: 'INVALID_TRANSCRIPT',
      });
      expect(await refusal(segment(0, 3.1), segment(3.1, 3.1))).toMatchObject({
        code: 'INVALID_TRANSCRIPT',
      });
    });

    test.each([-1, 1e9])('a duration of %d', async (durationSeconds) => {
      const proof = await token();
      const transcript = openai([good]);
      expect(
        await worker.refusal(COMPLETE, { ...proof, transcript, durationSeconds }),
      ).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('durationSeconds'),
      });
    });

    test('a text of 50 MB, however it comes', async () => {
      const proof = await token();
      const text = JSON.stringify(openai([segment(0, 2, 'x'.repeat(50_000_000))]));
      const { errors, status } = await upload(proof, text);
      expect(status).toBe(413);
      expect(errors).toMatchObject([
        { extensions: { code: 'TRANSCRIPT_TOO_LARGE', limit: 48_000_000 } },
      ]);
      expect((await upload(proof, text.slice(0, 45_000_000))).errors).toMatchObject([
        { extensions: { code: 'INVALID_TRANSCRIPT' } },
      ]);
      const inline = await worker.refusal(COMPLETE, { ...proof, transcript: JSON.parse(text) });
      expect(inline).toMatchObject({ code: 'BAD_REQUEST', status: 413 });
      expect(inline.message).toContain('sent as a file');
      expect(await found(proof.id)).toMatchObject({ status: 'PROCESSING', ...nothing });
    });

    test('a body that does not say how long it is, and is too long', async () => {
      const chunk = new Uint8Array(1_000_000);
      let sent = 0;
      const body = new ReadableStream({
        pull(controller) {
          sent += 1;
          if (sent === 1)
            controller.enqueue(
              Buffer.from('--x\r\nContent-Disposition: form-data; name="0"; filename="a"\r\n\r\n'),
            );
          controller.enqueue(chunk);
          if (sent > 60) controller.close();
        },
      });
      const response = await fetch(api.url, {
        method: 'POST',
        headers: { ...worker.headers, 'content-type': 'multipart/form-data; boundary=x' },
        body,
        duplex: 'half',
      } as RequestInit);
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({
        errors: [{ extensions: { code: 'TRANSCRIPT_TOO_LARGE' } }],
      });
    });

    test('a file of anybody who is no worker, before it is read', async () => {
      const proof = await token();
      const file = JSON.stringify(longTranscript(1000));
      expect((await upload(proof, file, owner)).errors).toMatchObject([
        { extensions: { code: 'FORBIDDEN' } },
      ]);
      expect((await upload(proof, file, api.client)).errors).toMatchObject([
        { extensions: { code: 'UNAUTHENTICATED' } },
      ]);
      const transcript = openai([good]);
      const refusal = await owner.refusal(COMPLETE, { ...proof, transcript });
      expect(refusal.code).toBe('FORBIDDEN');
    });

    test('a token of another attempt, of another worker, and one that came too late', async () => {
      const proof = await token();
      const transcript = openai([good]);
      const lost = { code: 'LEASE_LOST' };
      const of = (as: Client, changes: object = {}) =>
        as.refusal(COMPLETE, { ...proof, transcript, ...changes });
      expect(await of(worker, { attempt: 2 })).toMatchObject(lost);
      expect(await of((await api.given.worker()).as)).toMatchObject(lost);
      pass(61);
      expect(await of(worker)).toMatchObject(lost);
      expect(await storedSegments()).toBe(0);
    });
  });

  test('sent again with the same token, it gives the same job and changes nothing', async () => {
    const proof = await token();
    const first = await worker.query(COMPLETE, {
      ...proof,
      transcript: openai([segment(0, 2, 'One')]),
    });
    pass(1000);
    const again = await worker.query(COMPLETE, {
      ...proof,
      transcript: openai([segment(0, 2, 'Two')]),
    });
    expect(again).toEqual(first);
    expect(await found(proof.id)).toMatchObject({ transcript: 'One\n' });
    expect(
      await api.db('audit_logs').where({
        event_type: 'job_completed',
        resource_id: Buffer.from(proof.id, 'base64url').toString().slice(4),
      }),
    ).toHaveLength(1);
    const other = { ...proof, attempt: 2, transcript: openai([]) };
    expect(await worker.refusal(COMPLETE, other)).toMatchObject({ code: 'LEASE_LOST' });
  });

  test('two requests at once with the same token complete the job once, with one of them', async () => {
    const proof = await token();
    const answers = await Promise.all(
      ['left', 'right'].map((word) => upload(proof, JSON.stringify(longTranscript(2000, word)))),
    );
    const codes = answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions.code));
    expect(codes.filter((code) => code !== 'LEASE_LOST')).toEqual([]);
    expect(codes.length).toBeLessThan(2);
    const { transcript, segments } = await found(proof.id);
    expect(segments).toMatchObject({ totalCount: 2000 });
    const sides = new Set(String(transcript).match(/left|right/g));
    expect(sides.size).toBe(1);
  });

  describe('while a long transcript goes in', () => {
    test('nobody sees any of it, others are served, and no piece is large', async () => {
      const proof = await token();
      api.forgetStatements();
      let served = 0;
      let going = true;
      const others = (async () => {
        while (going) {
          const { searchSegments } = await owner.query<{ searchSegments: object }, object>(SEARCH, {
            query: 'okapi',
          });
          const { job } = await owner.query<{ job: { status: string } }, object>(FOUND, {
            id: proof.id,
          });
          const { job: later } = await owner.query<{ job: { status: string } }, object>(FOUND, {
            id: proof.id,
          });
          // Its statements are not one moment: only what was still in the making afterwards proves anything.
          if (later.status !== 'PROCESSING') break;
          expect(job).toMatchObject(nothing);
          expect(searchSegments).toEqual({ edges: [] });
          served += 1;
        }
      })();
      const done = upload(proof, JSON.stringify(longTranscript(4000))).finally(() => {
        going = false;
      });
      expect((await done).errors).toEqual([]);
      await others;
      const pieces = api.statements.filter(({ sql }) => /^INSERT INTO segments/i.test(sql));
      expect(pieces.length).toBeGreaterThanOrEqual(4000 / 64);
      for (const { rowCount } of pieces) expect(rowCount).toBeLessThanOrEqual(64);
      expect(served).toBeGreaterThan(1);
      expect(await found(proof.id)).toMatchObject({ segments: { totalCount: 4000 } });
    });
  });

  test('what an attempt left behind is not seen, and the next attempt replaces it', async () => {
    const proof = await token({ maxAttempts: 3 });
    // As if the process had ended between two pieces.
    const id = Buffer.from(proof.id, 'base64url').toString().slice(4);
    const rows = Array.from({ length: 450 }, (_, position) => ({
      job_id: id,
      position,
      start_seconds: position,
      end_seconds: position + 1,
      text: ' Left behind.',
    }));
    for (let n = 0; n < rows.length; n += 50)
      await api.db('segments').insert(rows.slice(n, n + 50));
    const left = (await api.db('segments').where({ job_id: id }).first('id')) as { id: number };
    const node = Buffer.from(`Segment:${left.id}`).toString('base64url');
    expect(await found(proof.id)).toMatchObject(nothing);
    expect(await owner.query(SEARCH, { query: 'behind' })).toEqual({
      searchSegments: { edges: [] },
    });
    expect(await owner.query('query ($id: ID!) { node(id: $id) { id } }', { id: node })).toEqual({
      node: null,
    });
    await worker.query(RELEASE, proof);
    const next = tokenOf(await lease(worker));
    await worker.query(COMPLETE, { ...next, transcript: openai([segment(0, 2, 'All.')]) });
    expect(await found(proof.id)).toMatchObject({
      transcript: 'All.\n',
      segments: { totalCount: 1 },
    });
  });
});
