import type { Knex } from 'knex';
import { type Actor, type AuditEvent, audited } from '../auth/audit.ts';
import type { SessionKey, SessionRow } from '../db/catalogue/catalogue.ts';
import { catalogueOf } from '../db/catalogue/catalogueOf.ts';
import { countedTables, recount } from '../db/rollups.ts';
import { ApiError } from '../errors.ts';
import { shownQuery } from './activityReport.ts';

/** The database did not do what an administrator asked for; the message is its own. */
export class MaintenanceFailedError extends Error {}

/** Who maintains the database, and the connection for what takes its time. */
export interface Maintainer extends Actor {
  background: Knex;
}

/** Of SQLite, or one of PostgreSQL's, which have five characters and a digit among them. */
const databaseCode = /^(SQLITE_\w+|(?=.*\d)[0-9A-Z]{5})$/;

/** What the database refused, told to the one who asked; what broke is for the log. */
function refusal(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (!databaseCode.test(String(error.code))) return error;
  // Knex puts the statement before the driver's message.
  const message = error.message.split(' - ').at(-1) ?? error.message;
  return new MaintenanceFailedError(`The database refused: ${message}`, { cause: error });
}

/**
 * For what cannot be in the transaction of its entry, since it runs outside of any, or can't be undone:
 * the entry is there before it begins, and where it fails another one says so.
 */
async function announced<Result>(
  actor: Actor,
  event: Pick<AuditEvent, 'eventType' | 'resourceType' | 'resourceId' | 'details'>,
  run: () => Promise<Result>,
): Promise<Result> {
  const accepted: AuditEvent = { ...event, severity: 'info', statusCode: 202 };
  await audited(actor, async () => ({ result: null, event: accepted }));
  try {
    return await run();
  } catch (error) {
    const failed: AuditEvent = {
      ...event,
      eventType: `${event.eventType}_failed`,
      severity: 'warning',
      statusCode: 500,
      details: error instanceof Error ? error.message : String(error),
    };
    await audited(actor, async () => ({ result: null, event: failed }));
    throw refusal(error);
  }
}

/** Throws NOT_FOUND for what the catalogue does not have: only its own names become SQL. */
function known<Row extends { name: string }>(
  rows: readonly Row[],
  name: string,
  what: string,
): Row {
  const row = rows.find((candidate) => candidate.name === name);
  if (row) return row;
  throw new ApiError('NOT_FOUND', `There is no ${what} "${name.slice(0, 100)}".`);
}

/** The most tables that one mutation takes; the schema has a dozen. */
const MAX_TABLES = 100;

/** Lets the planner know its tables anew: all where none is named. Gives their names. */
export async function analyzeTables(
  maintainer: Maintainer,
  names: readonly string[] | null,
): Promise<string[]> {
  if (names && (names.length === 0 || names.length > MAX_TABLES)) {
    throw new ApiError(
      'BAD_USER_INPUT',
      `"tables" has ${names.length} entries; it takes 1 to ${MAX_TABLES}, or none at all for all tables.`,
    );
  }
  const { background, db } = maintainer;
  const catalogue = catalogueOf(background);
  const tables = await catalogue.findTables(background);
  const chosen = names ? names.map((name) => known(tables, name, 'table')) : tables;
  const unique = [...new Set(chosen.map(({ name }) => name))];
  for (const table of unique) {
    await announced(
      maintainer,
      { eventType: 'table_analyzed', resourceType: 'table', resourceId: table },
      () => catalogue.analyze(background, table),
    );
  }
  await catalogue.readStatistics(db);
  return unique;
}

/** Builds an index anew. Gives its name. */
export async function reindex(maintainer: Maintainer, name: string): Promise<string> {
  const { background } = maintainer;
  const catalogue = catalogueOf(background);
  const index = known(await catalogue.findIndexes(background), name, 'index');
  await announced(
    maintainer,
    {
      eventType: 'index_rebuilt',
      resourceType: 'index',
      resourceId: index.name,
      details: `table ${index.table}`,
    },
    () => catalogue.reindex(background, index.name),
  );
  return index.name;
}

/** Counts jobs and transcripts anew, from which statistics and totals are read. Gives the names of what was counted. */
export async function recountAll(maintainer: Maintainer): Promise<string[]> {
  for (const table of countedTables) {
    await announced(
      maintainer,
      { eventType: 'table_recounted', resourceType: 'table', resourceId: table },
      () => recount(maintainer.background, table),
    );
  }
  return [...countedTables];
}

export const terminations = ['cancel', 'terminate'] as const;

export type Termination = (typeof terminations)[number];

const goneMessage = ({ pid, startedAt, queryStartedAt }: SessionKey): string =>
  `No other session of this database has the pid ${pid} and began at ${startedAt}${
    queryStartedAt === null ? '' : ` with a query of ${queryStartedAt}`
  }. It may have ended.`;

/** Cancels what a session runs, or ends the session. Gives it as it was. */
export async function terminateQuery(
  maintainer: Maintainer,
  key: SessionKey,
  termination: Termination,
): Promise<SessionRow> {
  const { background } = maintainer;
  const catalogue = catalogueOf(background);
  const sessions = await catalogue.findSessions(background);
  if (!sessions) {
    throw new MaintenanceFailedError('SQLite has no sessions: each process reads the file itself.');
  }
  const session = sessions.find(
    ({ pid, startedAt }) => pid === key.pid && startedAt === key.startedAt,
  );
  if (!session) throw new ApiError('NOT_FOUND', goneMessage(key));
  if (termination === 'cancel' && session.state !== 'active') {
    throw new MaintenanceFailedError(
      `The session runs no query to cancel: it is ${session.state ?? 'not to be seen'}. TERMINATE ends it.`,
    );
  }
  await announced(
    maintainer,
    {
      eventType: 'query_terminated',
      resourceType: 'database_session',
      resourceId: key.pid,
      details: `${termination}, ${session.applicationName || 'no name'} as ${session.userName}: ${shownQuery(session.query).slice(0, 500)}`,
    },
    async () => {
      const stopped = await catalogue.stopSession(background, key, termination === 'terminate');
      if (!stopped) throw new ApiError('NOT_FOUND', goneMessage(key));
    },
  );
  return session;
}
