import { setImmediate as othersHaveATurn } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Databases } from '../db/client.ts';
import { findTranscriptPagesByJobIds } from '../db/segments.ts';
import { needsWords, type TranscriptFormat, transcriptWriter } from '../transcripts/formats.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/**
 * How many segments of each job come in one statement. The most transcripts that an operation may cost are
 * some two dozen, so even they are read without holding the thread for long. One number, whatever the
 * number of jobs: the limit stands in the text of the statement.
 */
const SEGMENTS_AT_ONCE = 256;
const WORDED_SEGMENTS_AT_ONCE = 64;

/**
 * Reads the transcripts of all the jobs side by side, in pieces: of 20,000 segments never more than some are
 * held as rows, and others are served between two pieces.
 */
async function readTranscripts(
  db: Knex,
  jobIds: readonly string[],
  format: TranscriptFormat,
): Promise<Map<string, string | null>> {
  const writers = new Map(jobIds.map((jobId) => [jobId, transcriptWriter(format)] as const));
  const withWords = needsWords(format);
  const limit = withWords ? WORDED_SEGMENTS_AT_ONCE : SEGMENTS_AT_ONCE;
  const read = async (ids: readonly string[], after: number | null): Promise<void> => {
    const pages = await findTranscriptPagesByJobIds(db, ids, { after, limit, withWords });
    const unfinished: { jobId: string; last: number }[] = [];
    for (const [jobId, { rows, hasNextPage }] of pages) {
      writers.get(jobId)?.add(rows);
      const last = rows.at(-1);
      if (hasNextPage && last) unfinished.push({ jobId, last: last.position });
    }
    // Positions are counted from 0, so what is unfinished is unfinished at the same place.
    for (const [last, jobs] of Map.groupBy(unfinished, (job) => job.last)) {
      await othersHaveATurn();
      await read(
        jobs.map(({ jobId }) => jobId),
        last,
      );
    }
  };
  await read(jobIds, null);
  return new Map([...writers].map(([jobId, writer]) => [jobId, writer.end()]));
}

/** job id and format → the transcript as such a file, or null where the job has no segments. */
export const transcriptByJobId = ({ db }: Databases, options: LoaderOptions) =>
  ofEachParent<string, TranscriptFormat, string | null>(
    'transcriptByJobId',
    options,
    (jobIds, format) => readTranscripts(db, jobIds, format),
    () => null,
  );
