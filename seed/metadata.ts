import type { MetadataRow } from '../src/db/metadata.ts';
import type { SeededJob } from './jobs.ts';
import type { Choices, Random } from './random.ts';
import type { Recording } from './recordings.ts';
import { sentence, worded } from './wording.ts';

/** How a summary ends, whatever it is of. */
const endings: Choices<string> = [
  '{name} sends the notes before the end of {month}',
  'the next date is in {month}',
  'nothing is decided yet about {topic}',
  '{name} and {name} prepare the next steps',
  'questions go to {name}',
  'the last part is hard to understand because of noise',
];

/** What the enrichment writes, in English whatever is spoken. */
function summarize(random: Random, { occasion, topic }: Recording) {
  const [main = '', ...others] = random.shuffled(topic.points);
  const told = [...others.slice(0, random.whole(1, 3)), random.pick(endings)];
  const clause = (text: string) => worded(random, text, topic.name.en);
  return {
    abstract: sentence(`${occasion.name} about ${topic.name.en}: ${clause(main)}`),
    summary: told.map((text) => sentence(clause(text))).join(' '),
    keywords: random.shuffled(topic.keywords).slice(0, random.whole(3, 6)).join(', '),
  };
}

/** Between -1 and 1, mostly near the middle. */
const sentiment = (random: Random): number =>
  Math.round((random.between(-1, 1) + random.between(-1, 1)) * 50) / 100;

function createMetadata(
  random: Random,
  recording: Recording,
  { jobId, generatedAt }: { jobId: string; generatedAt: string },
): MetadataRow {
  const wordsPerMinute = random.between(100, 185);
  const words = (recording.durationSeconds / 60) * wordsPerMinute;
  return {
    job_id: jobId,
    tokens: Math.round(words * random.between(1.25, 1.45)),
    duration: recording.durationSeconds,
    ...summarize(random, recording),
    language: recording.language,
    sample_rate: recording.format.sampleRate,
    wpm: Math.round(wordsPerMinute * 10) / 10,
    sentiment: sentiment(random),
    generated_at: generatedAt,
  };
}

/** One, or none: what was completed may have been sent without the wish for a summary. */
export function metadataOf(random: Random, { job, recording }: SeededJob): MetadataRow[] {
  if (job.status !== 'completed' || job.finished_at === null || random.chance(0.15)) return [];
  return [createMetadata(random, recording, { jobId: job.id, generatedAt: job.finished_at })];
}
