import type { Knex } from 'knex';
import { select } from '../client.ts';
import type { SessionKey, SessionRow } from './catalogue.ts';

const secondsSince = (column: string): string =>
  `greatest(extract(epoch FROM clock_timestamp() - ${column})::float8, 0)`;

/** Of what our role may not see only the user is told; a worker of the server itself has none. */
const isClient = `datname = current_database()
        AND (backend_type = 'client backend' OR backend_type IS NULL AND usesysid IS NOT NULL)`;

/** Who blocks whom is asked for those alone that wait for a lock: each question stops all locking shortly. */
export async function findPostgresSessions(db: Knex): Promise<SessionRow[]> {
  return select<SessionRow>(
    db,
    `SELECT pid, date_trunc('milliseconds', backend_start) AS "startedAt",
            application_name AS "applicationName", usename AS "userName",
            host(client_addr) AS "clientAddress", state,
            ${secondsSince('state_change')} AS "stateSeconds",
            ${secondsSince('xact_start')} AS "transactionSeconds",
            date_trunc('milliseconds', query_start) AS "queryStartedAt",
            wait_event_type AS "waitEventType", wait_event AS "waitEvent", query,
            CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END
              AS "blockedByPids"
       FROM pg_stat_activity
      WHERE ${isClient} AND pid <> pg_backend_pid()
      ORDER BY state_change, pid`,
  );
}

/** All of it in one statement: between a look and the deed the number could get another owner. */
export async function stopPostgresSession(
  db: Knex,
  { pid, startedAt, queryStartedAt }: SessionKey,
  ends: boolean,
): Promise<boolean> {
  const rows = await select<{ stopped: boolean }>(
    db,
    `SELECT ${ends ? 'pg_terminate_backend' : 'pg_cancel_backend'}(pid) AS stopped
       FROM pg_stat_activity
      WHERE pid = ? AND ${isClient} AND pid <> pg_backend_pid()
        AND date_trunc('milliseconds', backend_start) = ?
        ${queryStartedAt === null ? '' : "AND date_trunc('milliseconds', query_start) = ? AND state <> 'idle'"}`,
    queryStartedAt === null ? [pid, startedAt] : [pid, startedAt, queryStartedAt],
  );
  return rows.some(({ stopped }) => stopped);
}
