import type { Knex } from 'knex';
import { type AuditLogFilter, countAuditLogsByUserIds } from '../db/auditLogs.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** user id and filter → how many entries of the user's the filter lets through. */
export const auditLogCountByUserId = (db: Knex, options: LoaderOptions) =>
  ofEachParent<number, AuditLogFilter, number>(
    'auditLogCountByUserId',
    options,
    (userIds, filter) => countAuditLogsByUserIds(db, userIds, filter),
    () => 0,
  );
