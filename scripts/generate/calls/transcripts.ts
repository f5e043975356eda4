import type { Knex } from 'knex';
import * as transcripts from '../../../src/db/transcripts.ts';
import { type Call, type Calls, jobId, time } from './calls.ts';

const within =
  (call: (transaction: Knex.Transaction) => Promise<unknown>): Call =>
  (db) =>
    db.transaction(call);

export const transcriptCalls: Calls<typeof transcripts> = {
  insertTranscriptSegments: {
    'some of them': within((transaction) =>
      transcripts.insertTranscriptSegments(transaction, '[]'),
    ),
  },
  findLastSegment: { 'of a job': (db) => transcripts.findLastSegment(db, jobId) },
  deleteLastSegments: {
    'of a job': within((transaction) => transcripts.deleteLastSegments(transaction, jobId, 64)),
  },
  insertMetadata: {
    'of a job': within((transaction) =>
      transcripts.insertMetadata(transaction, {
        job_id: jobId,
        tokens: 100,
        duration: 60,
        language: 'en',
        wpm: 120,
        generated_at: time,
      }),
    ),
  },
};
