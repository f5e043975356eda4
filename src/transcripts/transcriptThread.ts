import { parentPort } from 'node:worker_threads';
import { InvalidTranscriptError } from './invalidTranscript.ts';
import type { ThreadAnswer, ThreadRequest } from './threadTranscript.ts';
import { WhisperTranscript } from './whisperTranscript.ts';

// A thread of its own for one transcript: it takes the bytes, checks them, and gives the rows in pieces.

const chunks: Uint8Array[] = [];
let transcript: WhisperTranscript | null = null;
let pieces: Iterator<string> | null = null;

function check(durationSeconds: number | null): ThreadAnswer {
  const bytes = Buffer.concat(chunks);
  chunks.length = 0;
  try {
    transcript = new WhisperTranscript(bytes, durationSeconds);
    return { summary: transcript.summary };
  } catch (error) {
    if (!(error instanceof InvalidTranscriptError)) throw error;
    return { fault: { message: error.message, segment: error.segment } };
  }
}

function nextPiece(jobId: string): ThreadAnswer {
  pieces ??= transcript?.pieces(jobId) ?? null;
  const next = pieces?.next();
  return { piece: next?.done === false ? next.value : null };
}

parentPort?.on('message', (request: ThreadRequest) => {
  if ('chunk' in request) chunks.push(request.chunk);
  else if ('check' in request) parentPort?.postMessage(check(request.check.durationSeconds));
  else parentPort?.postMessage(nextPiece(request.next.jobId));
});
