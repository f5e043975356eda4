import * as statistics from '../../../src/db/statistics.ts';
import { type Calls, later, time } from './calls.ts';

const period: statistics.Period = { from: time, to: later };

export const statisticsCalls: Calls<typeof statistics> = {
  findJobGroups: {
    "of everybody's jobs": (db) => statistics.findJobGroups(db, period, null),
    "of a user's jobs": (db) => statistics.findJobGroups(db, period, 1),
  },
  findLongestDuration: {
    "of everybody's jobs": (db) => statistics.findLongestDuration(db, period, null),
    "of a user's jobs": (db) => statistics.findLongestDuration(db, period, 1),
  },
  findMetadataGroups: {
    "of everybody's transcripts": (db) => statistics.findMetadataGroups(db, period, null),
    "of a user's transcripts": (db) => statistics.findMetadataGroups(db, period, 1),
  },
  findUserActivity: { 'of a period': (db) => statistics.findUserActivity(db, period, 20) },
  findSecurityEvents: { 'of a period': (db) => statistics.findSecurityEvents(db, period, 20) },
};
