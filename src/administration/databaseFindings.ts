import type { Finding, FindingSource } from '../perf/findings/finding.ts';
import { fingerprintOf } from '../perf/fingerprint.ts';
import { selectSessions, shownQuery } from './activityReport.ts';
import type { DatabaseReports } from './databaseReports.ts';

const HOUR_MS = 3_600_000;

/** Who waits or forgets for so long holds up others for certain. */
const HELD_UP_SECONDS = 5;
const FORGOTTEN_SECONDS = 60;

const ofDatabase = (finding: Omit<Finding, 'traceId'>): Finding => ({ ...finding, traceId: null });

const indexes = (reports: DatabaseReports): FindingSource => ({
  name: 'indexes',
  everyMs: HOUR_MS,
  async find() {
    const { advice } = await reports.indexes();
    return advice.flatMap(({ fault, level, index, why, sql }) =>
      // Where there is nothing to do, nobody has to look: it is told in the report.
      sql === null
        ? []
        : ofDatabase({
            key: `index:${fault}:${index}`,
            kind: 'index',
            level,
            what: `${index}: ${why}`,
            statement: null,
            remedy: 'Run this, at a time when few write.',
            remedySql: sql,
          }),
    );
  },
});

const settings = (reports: DatabaseReports): FindingSource => ({
  name: 'settings',
  everyMs: HOUR_MS,
  async find() {
    return (await reports.settings()).flatMap(({ name, value, advised, verdict, why, sql }) =>
      verdict === 'fits'
        ? []
        : ofDatabase({
            key: `setting:${name}`,
            kind: 'setting',
            level: verdict,
            what: `${name} is ${value}: ${why}`,
            statement: null,
            remedy: `Set it to ${advised}.`,
            remedySql: sql,
          }),
    );
  },
});

const locks = (reports: DatabaseReports): FindingSource => ({
  name: 'locks',
  everyMs: 0,
  async find() {
    const sessions = (await reports.activity()).sessions ?? [];
    const blocked = selectSessions(sessions, 'blocked', HELD_UP_SECONDS).map((session) => {
      const text = shownQuery(session.query);
      return ofDatabase({
        key: `lock:blocked:${fingerprintOf(text).id}`,
        kind: 'lock',
        level: 'critical',
        what: `${session.applicationName || 'A session'} waits for a lock that session ${session.blockedByPids.join(', ')} holds.`,
        statement: text,
        remedy: 'Look who holds it in performance { activity }, and end that by terminateQuery.',
        remedySql: `SELECT pg_cancel_backend(${session.blockedByPids[0]})`,
      });
    });
    const forgotten = selectSessions(sessions, 'idle_in_transaction', FORGOTTEN_SECONDS).map(
      ({ pid, applicationName, query }) =>
        ofDatabase({
          key: `lock:idle:${applicationName}`,
          kind: 'lock',
          level: 'warning',
          what: `${applicationName || 'A session'} has done nothing in an open transaction for over a minute.`,
          statement: shownQuery(query),
          remedy: 'Let the program end its transactions; end this one by terminateQuery.',
          remedySql: `SELECT pg_terminate_backend(${pid})`,
        }),
    );
    return [...blocked, ...forgotten];
  },
});

/** What the database's own reports say. */
export const databaseFindings = (reports: DatabaseReports): FindingSource[] => [
  indexes(reports),
  settings(reports),
  locks(reports),
];
