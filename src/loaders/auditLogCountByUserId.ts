import { type AuditLogFilter, countAuditLogsByUserIds } from '../db/auditLogs.ts';
import type { Databases } from '../db/client.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** user id and filter → how many entries of the user's the filter lets through. */
export const auditLogCountByUserId = ({ longReads }: Databases, options: LoaderOptions) =>
  ofEachParent<number, AuditLogFilter, number>(
    'auditLogCountByUserId',
    options,
    (userIds, filter) => countAuditLogsByUserIds(longReads, userIds, filter),
    () => 0,
  );
