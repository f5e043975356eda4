import * as tableSamples from '../../../src/db/tableSamples.ts';
import { type Calls, time } from './calls.ts';

const tables = ['jobs', 'users'];

export const tableSampleCalls: Calls<typeof tableSamples> = {
  insertTableSamples: {
    'two tables': (db) =>
      tableSamples.insertTableSamples(
        db,
        tables.map((table) => ({ table, bytes: 8192, at: time })),
      ),
  },
  findTableSamples: {
    'since a time': (db) => tableSamples.findTableSamples(db, tables, time),
  },
  deleteTableSamples: {
    'before a time': (db) => tableSamples.deleteTableSamples(db, tables, time),
  },
};
