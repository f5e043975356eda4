import { ThreadTranscript } from './threadTranscript.ts';
import { type TranscriptSummary, WhisperTranscript } from './whisperTranscript.ts';

/** Whisper's JSON as it came in: bytes, not read yet. */
export interface TranscriptFile {
  size: number;
  chunks(): AsyncIterable<Uint8Array>;
}

/** A transcript that is checked and can be stored. */
export interface CheckedTranscript {
  summary: TranscriptSummary;
  /** Its segments as rows of the job, some at a time, as arrays in JSON. */
  pieces(jobId: string): AsyncIterable<string> | Iterable<string>;
  close(): Promise<void>;
}

/** Up to here, reading takes less of this thread than another would take to start: some milliseconds. */
const MAX_BYTES_IN_PLACE = 64_000;

/** Reads and checks all of it, without holding others up. Throws an InvalidTranscriptError. */
export async function checkTranscript(
  file: TranscriptFile,
  durationSeconds: number | null,
): Promise<CheckedTranscript> {
  if (file.size <= MAX_BYTES_IN_PLACE) {
    const bytes = Buffer.concat(await Array.fromAsync(file.chunks()));
    const transcript = new WhisperTranscript(bytes, durationSeconds);
    return {
      summary: transcript.summary,
      pieces: (jobId) => transcript.pieces(jobId),
      close: async () => {},
    };
  }
  const thread = new ThreadTranscript();
  try {
    const summary = await thread.check(file.chunks(), durationSeconds);
    return { summary, pieces: (jobId) => thread.pieces(jobId), close: () => thread.close() };
  } catch (error) {
    await thread.close();
    throw error;
  }
}
