import {
  type ConnectionGroup,
  groupConnections,
  reportActivity,
  selectSessions,
  shownQuery,
} from '../src/administration/activityReport.ts';
import type { SessionRow } from '../src/db/catalogue/catalogue.ts';
import { type Command, readArguments } from './command.ts';
import { section } from './section.ts';
import type { Column } from './table.ts';
import { seconds, written } from './wording.ts';

const sessionColumns: Column<SessionRow>[] = [
  { title: 'pid', value: ({ pid }) => String(pid), isNumber: true },
  { title: 'state', value: ({ state }) => state ?? '' },
  { title: 'for', value: ({ stateSeconds }) => seconds(stateSeconds), isNumber: true },
  {
    title: 'transaction',
    value: ({ transactionSeconds }) => seconds(transactionSeconds),
    isNumber: true,
  },
  { title: 'user', value: ({ userName }) => userName ?? '' },
  {
    title: 'waits for',
    value: ({ waitEventType, waitEvent }) =>
      waitEventType === null ? '' : `${waitEventType} ${waitEvent ?? ''}`,
  },
  { title: 'blocked by', value: ({ blockedByPids }) => blockedByPids.join(', ') },
  { title: 'query', value: ({ query }) => shownQuery(query), isCode: true },
];

const connectionColumns: Column<ConnectionGroup>[] = [
  { title: 'connections', value: ({ count }) => written(count), isNumber: true },
  { title: 'application', value: ({ applicationName }) => applicationName },
  { title: 'user', value: ({ userName }) => userName ?? '' },
  { title: 'address', value: ({ clientAddress }) => clientAddress ?? 'local' },
  { title: 'state', value: ({ state }) => state ?? '' },
];

/** What runs now: who blocks whom, and who is connected. */
export const activity: Command = {
  usage: '',
  read(args) {
    readArguments(args, {});
    return async ({ db, width }) => {
      const { sessions } = await reportActivity(db);
      if (!sessions) return 'SQLite has no sessions: each process reads the file itself.';
      const longest = selectSessions(sessions, null, 0);
      return [
        section('Sessions, the longest in their state first', longest, sessionColumns, width),
        section('Connections by source', groupConnections(sessions), connectionColumns, width),
      ].join('\n\n');
    };
  },
};
