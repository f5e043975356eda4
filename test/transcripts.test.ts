import { describe, expect, test } from 'vitest';
import type { SegmentRow } from '../src/db/segments.ts';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

const TRANSCRIPT = `query Transcript($id: ID!, $format: TranscriptFormat) {
  job(id: $id) { transcript(format: $format) }
}`;

type Spoken = Pick<SegmentRow, 'text' | 'start_seconds' | 'end_seconds'> & Partial<SegmentRow>;

const spoken = (start_seconds: number, end_seconds: number, text: string): Spoken => ({
  start_seconds,
  end_seconds,
  text,
});

describe.each(databases)('transcripts on $name', (kind) => {
  const api = useApi(kind);

  /** The transcript of a job in which this was said. */
  async function transcript(format: string | undefined, segments: readonly Spoken[]) {
    const { user, as } = await api.given.user();
    const job = await api.given.job({ user });
    // The last is stored first: the position decides, not the id.
    for (const [position, segment] of [...segments.entries()].toReversed()) {
      await api.db('segments').insert({ job_id: job.id, position, ...segment });
    }
    const answer: { job: { transcript: string | null } } = await as.query(TRANSCRIPT, {
      id: job.globalId,
      format,
    });
    return answer.job.transcript;
  }

  const meeting = [
    spoken(0, 1.5, ' Good morning, everybody.'),
    spoken(1.5, 59.9996, 'Grüße —\n🎙 ok?  '),
    spoken(3599.9994, 3599.9995, 'a --> b --> c'),
    spoken(3661.001, 360_000, ''),
  ];

  test('as text are the words alone, a line a segment', async () => {
    const text = 'Good morning, everybody.\nGrüße —\n🎙 ok?\na --> b --> c\n\n';
    expect(await transcript('TEXT', meeting)).toBe(text);
    expect(await transcript(undefined, meeting)).toBe(text);
  });

  test('as SRT have numbers, hours, commas, and no arrow in a text', async () => {
    expect(await transcript('SRT', meeting)).toBe(`1
00:00:00,000 --> 00:00:01,500
Good morning, everybody.

2
00:00:01,500 --> 00:01:00,000
Grüße —
🎙 ok?

3
00:59:59,999 --> 01:00:00,000
a -> b -> c

4
01:01:01,001 --> 100:00:00,000


`);
  });

  test('as WebVTT have points, and hours where there are some', async () => {
    expect(await transcript('VTT', meeting)).toBe(`WEBVTT

00:00.000 --> 00:01.500
Good morning, everybody.

00:01.500 --> 01:00.000
Grüße —
🎙 ok?

59:59.999 --> 01:00:00.000
a -> b -> c

01:01:01.001 --> 100:00:00.000


`);
  });

  test("as JSON have each segment's values, in Whisper's names", async () => {
    const text = await transcript('JSON', [
      {
        ...spoken(0.25, 1.5, ' Good morning.'),
        speaker: 'Ada',
        average_log_probability: -0.25,
        no_speech_probability: 0.125,
      },
      spoken(1.5, 2, ' A "quote" --> here.'),
    ]);
    expect(JSON.parse(text ?? '')).toEqual({
      text: 'Good morning. A "quote" --> here.',
      segments: [
        {
          id: 0,
          start: 0.25,
          end: 1.5,
          text: ' Good morning.',
          speaker: 'Ada',
          avg_logprob: -0.25,
          no_speech_prob: 0.125,
        },
        {
          id: 1,
          start: 1.5,
          end: 2,
          text: ' A "quote" --> here.',
          speaker: null,
          avg_logprob: null,
          no_speech_prob: null,
        },
      ],
    });
  });

  test.each(['TEXT', 'SRT', 'VTT', 'JSON'])(
    'as %s are null where nothing was said',
    async (format) => {
      expect(await transcript(format, [])).toBeNull();
    },
  );

  test('of many jobs are one statement, each with its own segments', async () => {
    const { user, as } = await api.given.user();
    for (const word of ['one', 'two', 'three']) {
      await api.given.segments(await api.given.job({ user }), [word, word]);
    }
    await as.query('{ viewer { id } }');
    api.forgetStatements();
    expect(await as.query('{ jobs { edges { node { transcript } } } }')).toEqual({
      jobs: {
        edges: ['three', 'two', 'one'].map((word) => ({
          node: { transcript: `${word}\n${word}\n` },
        })),
      },
    });
    expect(api.statements).toHaveLength(2);
  });

  test('cost four hundred each, so that a page of them is refused', async () => {
    const { as } = await api.given.user();
    const costOf = async (fields: string) => {
      const client = as.with({ 'x-query-cost': '1' });
      const { extensions } = await client.send(
        `{ jobs(first: 10) { edges { node { ${fields} } } } }`,
      );
      return extensions.cost;
    };
    const { cost } = (await costOf('id')) as { cost: number };
    expect(await costOf('id transcript')).toMatchObject({ cost: cost + 10 * 400 });
    const refusal = await as.refusal('{ jobs(first: 100) { edges { node { transcript } } } }');
    expect(refusal.code).toBe('QUERY_TOO_COMPLEX');
  });
});
