import type { Knex } from 'knex';
import type { SessionRow } from '../db/catalogue/catalogue.ts';
import { catalogueOf } from '../db/catalogue/catalogueOf.ts';
import { fingerprintOf } from '../perf/fingerprint.ts';

export const sessionSelections = [
  'active',
  'idle',
  'idle_in_transaction',
  'blocked',
  'blocking',
] as const;

export type SessionSelection = (typeof sessionSelections)[number];

/** Sessions that have the same source and state. */
export interface ConnectionGroup {
  applicationName: string;
  userName: string | null;
  clientAddress: string | null;
  state: string | null;
  count: number;
}

/** What runs now; null where the database has no sessions. */
export interface ActivityReport {
  sessions: SessionRow[] | null;
}

export async function reportActivity(db: Knex): Promise<ActivityReport> {
  return { sessions: await catalogueOf(db).findSessions(db) };
}

const isOf: Record<SessionSelection, (session: SessionRow, blocking: Set<number>) => boolean> = {
  active: ({ state }) => state === 'active',
  idle: ({ state }) => state === 'idle',
  // The one whose statement failed holds its locks as well.
  idle_in_transaction: ({ state }) => state?.startsWith('idle in transaction') ?? false,
  blocked: ({ blockedByPids }) => blockedByPids.length > 0,
  blocking: ({ pid }, blocking) => blocking.has(pid),
};

/** Those that are asked for, the longest in their state first. */
export function selectSessions(
  sessions: readonly SessionRow[],
  selection: SessionSelection | null,
  minimumSeconds: number,
): SessionRow[] {
  const blocking = new Set(sessions.flatMap(({ blockedByPids }) => blockedByPids));
  return sessions
    .filter((session) => selection === null || isOf[selection](session, blocking))
    .filter(({ stateSeconds }) => (stateSeconds ?? 0) >= minimumSeconds)
    .toSorted((a, b) => (b.stateSeconds ?? 0) - (a.stateSeconds ?? 0));
}

/** Who is connected, the most first. */
export function groupConnections(sessions: readonly SessionRow[]): ConnectionGroup[] {
  const groups = Map.groupBy(sessions, ({ applicationName, userName, clientAddress, state }) =>
    JSON.stringify([applicationName, userName, clientAddress, state]),
  );
  return [...groups.values()]
    .flatMap(([first, ...others]) => {
      if (!first) return [];
      const { applicationName, userName, clientAddress, state } = first;
      return [{ applicationName, userName, clientAddress, state, count: others.length + 1 }];
    })
    .toSorted((a, b) => b.count - a.count);
}

/**
 * A statement with its values left out. PostgreSQL cuts off a long one, maybe within a text: what
 * follows a quote that does not end is a value too.
 */
export const shownQuery = (query: string): string =>
  fingerprintOf(query).text.replace(/'[^']*$/, '?');
