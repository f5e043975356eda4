import type { Language } from './languages.ts';
import { lastNames, type Person } from './people.ts';
import type { Choices, Random, Shares } from './random.ts';
import { knowledgeTopics, serviceTopics, type Topic, workTopics } from './topics.ts';

/** A kind of file: how large a second of it is, and how finely its sound was taken. */
interface AudioFormat {
  extension: string;
  bytesPerSecond: number;
  sampleRate: number;
}

const mp3: AudioFormat = { extension: 'mp3', bytesPerSecond: 16_000, sampleRate: 44_100 };
const m4a: AudioFormat = { extension: 'm4a', bytesPerSecond: 8_000, sampleRate: 48_000 };
const wav: AudioFormat = { extension: 'wav', bytesPerSecond: 32_000, sampleRate: 16_000 };
const ogg: AudioFormat = { extension: 'ogg', bytesPerSecond: 4_000, sampleRate: 48_000 };
const mp4: AudioFormat = { extension: 'mp4', bytesPerSecond: 140_000, sampleRate: 48_000 };
const amr: AudioFormat = { extension: 'amr', bytesPerSecond: 1_500, sampleRate: 8_000 };

interface FileNameParts {
  random: Random;
  topic: Topic;
  /** `2026-03-14` */
  day: string;
}

/** An occasion on which something is recorded. */
interface Occasion {
  /** With its article, as a summary calls it. */
  name: string;
  fileName(parts: FileNameParts): string;
  formats: Choices<AudioFormat>;
  topics: Choices<Topic>;
  minutes: { shortest: number; mean: number; longest: number };
  speakers: number;
}

const twoDigits = (number: number): string => String(number).padStart(2, '0');

const interview: Occasion = {
  name: 'an interview',
  fileName: ({ random, day }) => `interview_${day}_${random.pick(lastNames).toLowerCase()}`,
  formats: [mp3, wav, m4a],
  topics: [...workTopics, ...knowledgeTopics],
  minutes: { shortest: 12, mean: 22, longest: 110 },
  speakers: 2,
};

const meeting: Occasion = {
  name: 'a meeting',
  fileName: ({ random, day, topic }) =>
    random.pick([
      `board-meeting-q${random.whole(1, 4)}`,
      `team-meeting_${day}`,
      `${day}_${topic.slug}`,
      `weekly-sync_${random.pick(lastNames).toLowerCase()}_${day}`,
    ]),
  formats: [m4a, mp4, mp3],
  topics: workTopics,
  minutes: { shortest: 8, mean: 28, longest: 120 },
  speakers: 4,
};

const podcast: Occasion = {
  name: 'a podcast',
  fileName: ({ random, topic }) => `podcast-ep${random.whole(1, 240)}_${topic.slug}`,
  formats: [mp3, mp3, wav],
  topics: knowledgeTopics,
  minutes: { shortest: 15, mean: 25, longest: 100 },
  speakers: 2,
};

const lecture: Occasion = {
  name: 'a lecture',
  fileName: ({ random, topic }) => `lecture-${twoDigits(random.whole(1, 14))}_${topic.slug}`,
  formats: [mp4, mp3],
  topics: knowledgeTopics,
  minutes: { shortest: 40, mean: 30, longest: 110 },
  speakers: 1,
};

const call: Occasion = {
  name: 'a support call',
  fileName: ({ random, day }) => `support-call_${day}_${random.whole(10_000, 99_999)}`,
  formats: [wav, mp3, ogg],
  topics: serviceTopics,
  minutes: { shortest: 1, mean: 6, longest: 40 },
  speakers: 2,
};

const voicemail: Occasion = {
  name: 'a voicemail',
  fileName: ({ random, day }) =>
    `voicemail_${day.replaceAll('-', '')}-${twoDigits(random.whole(7, 19))}${twoDigits(random.whole(0, 59))}`,
  formats: [amr, ogg],
  topics: serviceTopics,
  minutes: { shortest: 0.2, mean: 0.6, longest: 4 },
  speakers: 1,
};

const memo: Occasion = {
  name: 'a voice memo',
  fileName: ({ random }) => `New Recording ${random.whole(1, 320)}`,
  formats: [m4a],
  topics: [...workTopics, ...knowledgeTopics],
  minutes: { shortest: 0.4, mean: 3, longest: 25 },
  speakers: 1,
};

const occasionShares: Shares<Occasion> = [
  [meeting, 0.28],
  [interview, 0.2],
  [call, 0.18],
  [podcast, 0.1],
  [voicemail, 0.1],
  [memo, 0.08],
  [lecture, 0.06],
];

/** A file that was uploaded, and what is in it. */
export interface Recording {
  fileName: string;
  format: AudioFormat;
  occasion: Occasion;
  topic: Topic;
  language: Language;
  durationSeconds: number;
  fileSizeBytes: number;
}

export function createRecording(random: Random, owner: Person, day: string): Recording {
  const occasion = random.share(occasionShares);
  const { shortest, mean, longest } = occasion.minutes;
  const format = random.pick(occasion.formats);
  const topic = random.pick(occasion.topics);
  const minutes = Math.min(longest, shortest + random.exponential(mean));
  const durationSeconds = Math.round(minutes * 600) / 10;
  return {
    fileName: `${occasion.fileName({ random, topic, day })}.${format.extension}`,
    format,
    occasion,
    topic,
    language: random.chance(0.85) ? owner.language : 'en',
    durationSeconds,
    fileSizeBytes: Math.round(durationSeconds * format.bytesPerSecond * random.between(0.9, 1.1)),
  };
}
