import * as search from '../../../src/db/search.ts';
import { type Calls, jobId, jobIds, page } from './calls.ts';

const words = ['quarterly', 'budget'];
const everybodys: search.Search = { words, userId: null };
const own: search.Search = { words, userId: 1 };
const bestJobs = page(search.jobMatchOrdering);
const newestJobs = page(search.newestJobMatchOrdering);
const newestSegments = page(search.segmentMatchOrdering);

export const searchCalls: Calls<typeof search> = {
  findJobMatches: {
    'the first of all jobs': (db) => search.findJobMatches(db, { ...everybodys, page: bestJobs }),
    "the last of a user's jobs": (db) =>
      search.findJobMatches(db, { ...own, page: { ...bestJobs, fromEnd: true } }),
    "among a user's jobs, after a cursor": (db) =>
      search.findJobMatches(db, {
        ...own,
        page: { ...bestJobs, after: { value: 1.5, id: jobId } },
      }),
    'the newest of all jobs, after a cursor': (db) =>
      search.findJobMatches(db, {
        ...everybodys,
        page: { ...newestJobs, after: { value: 1, id: 1 } },
      }),
    "the last of a user's jobs, before a cursor": (db) =>
      search.findJobMatches(db, {
        ...own,
        page: { ...newestJobs, fromEnd: true, before: { value: 1, id: 1 } },
      }),
  },
  findSegmentMatches: {
    'the newest of all segments': (db) =>
      search.findSegmentMatches(db, { ...everybodys, page: newestSegments }),
    "among a user's segments, after a cursor": (db) =>
      search.findSegmentMatches(db, {
        ...own,
        page: { ...newestSegments, after: { value: 1, id: 1 } },
      }),
  },
  countJobMatches: {
    'among all jobs': (db) => search.countJobMatches(db, everybodys),
    "among a user's jobs": (db) => search.countJobMatches(db, own),
  },
  countSegmentMatches: {
    'among all segments': (db) => search.countSegmentMatches(db, everybodys),
    "among a user's segments": (db) => search.countSegmentMatches(db, own),
  },
  findJobTexts: { 'some jobs': (db) => search.findJobTexts(db, jobIds) },
};
