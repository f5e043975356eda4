import * as segments from '../../../src/db/segments.ts';
import { type Calls, jobIds, page } from './calls.ts';

const { segmentOrdering } = segments;

export const segmentCalls: Calls<typeof segments> = {
  findSegmentsByIds: { 'some ids': (db) => segments.findSegmentsByIds(db, [1, 2]) },
  findTranscriptPagesByJobIds: {
    'the beginning of each': (db) =>
      segments.findTranscriptPagesByJobIds(db, jobIds, {
        after: null,
        limit: 256,
        withWords: false,
      }),
    'the next, with words': (db) =>
      segments.findTranscriptPagesByJobIds(db, jobIds, { after: 63, limit: 64, withWords: true }),
  },
  findSegmentPagesByJobIds: {
    'the first of each': (db) =>
      segments.findSegmentPagesByJobIds(db, jobIds, page(segmentOrdering, { descending: false })),
    'after a cursor': (db) =>
      segments.findSegmentPagesByJobIds(
        db,
        jobIds,
        page(segmentOrdering, { descending: false, after: { value: 19, id: 20 } }),
      ),
  },
  countSegmentsByJobIds: { 'some jobs': (db) => segments.countSegmentsByJobIds(db, jobIds) },
};
