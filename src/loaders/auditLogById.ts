import { type AuditLogRow, findAuditLogsByIds } from '../db/auditLogs.ts';
import type { Databases } from '../db/client.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { inOrder } from './inOrder.ts';

/** id → entry of the audit log, or null where there is none. */
export const auditLogById = ({ db }: Databases, options: LoaderOptions) =>
  batched<number, AuditLogRow | null>('auditLogById', options, async (keys) =>
    inOrder(keys, await findAuditLogsByIds(db, keys), (row) => row.id),
  );
