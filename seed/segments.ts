import type { NewSegment } from '../src/db/bulkInsert.ts';
import type { SeededJob } from './jobs.ts';
import type { Random } from './random.ts';
import type { Recording } from './recordings.ts';
import { speech } from './speech.ts';
import { sentence, worded } from './wording.ts';

/** Of a long recording only the beginning: whole ones would be most of the database. */
const MOST_SEGMENTS = 40;
const FEWEST_SEGMENTS = 10;

/** A speaker's pace, letters and spaces. */
const LETTERS_PER_SECOND = 14;

const thousandths = (number: number): number => Math.round(number * 1000) / 1000;

/** A greeting, then sentences in an order of their own; none comes twice before all have come. */
function* saidIn(random: Random, { language, topic }: Recording): Generator<string, never> {
  const { greeting, phrases } = speech[language];
  // What was said on the subject is written in English only.
  const points = language === 'en' ? topic.points.map(sentence) : [];
  const inWords = (text: string) => worded(random, text, topic.name[language]);
  yield inWords(greeting);
  for (;;) yield* random.shuffled([...phrases, ...points]).map(inWords);
}

/** Who speaks: the same as before, or one of the others; null where nobody told them apart. */
function* speakersOf(random: Random, { occasion }: Recording): Generator<string | null, never> {
  const isTold = occasion.speakers > 1 && random.chance(0.6);
  let speaker = 0;
  for (;;) {
    yield isTold ? `SPEAKER_0${speaker}` : null;
    if (random.chance(0.4)) speaker = random.whole(0, occasion.speakers - 1);
  }
}

/** What was said in a recording that is transcribed, one segment after the other from its start. */
export function segmentsOf(random: Random, { job, recording }: SeededJob): NewSegment[] {
  if (job.status !== 'completed') return [];
  const said = saidIn(random, recording);
  const speakers = speakersOf(random, recording);
  const most = random.whole(FEWEST_SEGMENTS, MOST_SEGMENTS);
  const segments: NewSegment[] = [];
  let start = 0;
  while (start < recording.durationSeconds && segments.length < most) {
    const text = said.next().value;
    const length = (text.length / LETTERS_PER_SECOND) * random.between(0.8, 1.4);
    const end = Math.min(recording.durationSeconds, thousandths(start + length));
    segments.push({
      job_id: job.id,
      position: segments.length,
      start_seconds: start,
      end_seconds: end,
      text,
      speaker: speakers.next().value,
      average_log_probability: thousandths(-0.1 - Math.min(random.exponential(0.2), 1.2)),
      no_speech_probability: thousandths(Math.min(random.exponential(0.02), 0.6)),
    });
    start = end;
  }
  return segments;
}
