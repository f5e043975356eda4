import * as auditLogs from '../../../src/db/auditLogs.ts';
import { type Calls, later, page, time, userIds } from './calls.ts';

const newest = page(auditLogs.auditLogOrdering);

const entry: auditLogs.NewAuditLog = {
  timestamp: time,
  event_type: 'login_refused',
  severity: 'warning',
  user_id: 1,
  username: 'ada',
  client_ip: '192.0.2.1',
  user_agent: null,
  endpoint: 'Login',
  method: 'POST',
  status_code: 401,
  resource_type: 'user',
  resource_id: '1',
  session_id: null,
  details: null,
};

export const auditLogCalls: Calls<typeof auditLogs> = {
  findAuditLogsByIds: { 'some ids': (db) => auditLogs.findAuditLogsByIds(db, [1, 2]) },
  findAuditLogPage: {
    'the newest': (db) => auditLogs.findAuditLogPage(db, { filter: {}, page: newest }),
    'filtered by everything': (db) =>
      auditLogs.findAuditLogPage(db, {
        filter: {
          endpoint: 'Login',
          clientIp: '192.0.2.1',
          eventType: 'login_refused',
          severity: 'warning',
          userId: 1,
          timestamp: { from: time, to: later },
        },
        page: newest,
      }),
    'filtered by address, after a cursor': (db) =>
      auditLogs.findAuditLogPage(db, {
        filter: { clientIp: '192.0.2.1' },
        page: { ...newest, after: { value: time, id: 1 } },
      }),
    'the last': (db) =>
      auditLogs.findAuditLogPage(db, { filter: {}, page: { ...newest, fromEnd: true } }),
  },
  countAuditLogs: {
    'all of them': (db) => auditLogs.countAuditLogs(db, {}),
    'filtered by severity': (db) => auditLogs.countAuditLogs(db, { severity: 'critical' }),
  },
  findAuditLogPagesByUserIds: {
    'the newest of each': (db) =>
      auditLogs.findAuditLogPagesByUserIds(db, userIds, { filter: {}, page: newest }),
    'filtered by kind, after a cursor': (db) =>
      auditLogs.findAuditLogPagesByUserIds(db, userIds, {
        filter: { eventType: 'login_refused' },
        page: { ...newest, after: { value: time, id: 1 } },
      }),
  },
  countAuditLogsByUserIds: {
    'all of each': (db) => auditLogs.countAuditLogsByUserIds(db, userIds, {}),
    'filtered by kind': (db) =>
      auditLogs.countAuditLogsByUserIds(db, userIds, { eventType: 'login_refused' }),
  },
  insertAuditLog: {
    'in the transaction of what it reports': (db) =>
      db.transaction((transaction) => auditLogs.insertAuditLog(transaction, entry)),
  },
};
