import {
  findSlowestQueryPerformanceLogs,
  type QueryPerformanceLogRow,
} from '../src/db/queryPerformanceLogs.ts';
import { beginningOf } from '../src/perf/resolutions.ts';
import { type Command, oneOf, readArguments, wholeNumber, windowNames } from './command.ts';
import { section } from './section.ts';
import type { Column } from './table.ts';
import { milliseconds, moment, written } from './wording.ts';

const MOST = 1000;

export const slowColumns: Column<QueryPerformanceLogRow>[] = [
  { title: 'time (UTC)', value: ({ timestamp }) => moment(timestamp) },
  {
    title: 'took',
    value: ({ execution_time_ms }) => milliseconds(execution_time_ms),
    isNumber: true,
  },
  { title: 'rows', value: ({ row_count }) => written(row_count), isNumber: true },
  { title: 'operation', value: ({ endpoint }) => endpoint ?? '' },
  { title: 'client', value: ({ client }) => client ?? '' },
  { title: 'statement', value: ({ query_text }) => query_text, isCode: true },
];

/** The statements over the threshold, the slowest first. */
export const slow: Command = {
  usage: `[--limit N] [--window ${windowNames.join('|')}]`,
  read(args) {
    const { values } = readArguments(args, {
      limit: { type: 'string', default: '20' },
      window: { type: 'string', default: 'week' },
    });
    const limit = wholeNumber('limit', values.limit, MOST);
    const window = oneOf('window', values.window, windowNames);
    return async ({ db, config, now, width }) => {
      const after = beginningOf(window, now);
      const rows = await findSlowestQueryPerformanceLogs(db, after, limit);
      const title = `The slowest statements since ${moment(after)} UTC (over ${config.monitor.slowQueryMs} ms)`;
      return section(title, rows, slowColumns, width);
    };
  },
};
