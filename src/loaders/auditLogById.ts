import type { Knex } from 'knex';
import { type AuditLogRow, findAuditLogsByIds } from '../db/auditLogs.ts';
import { batched, type LoaderOptions } from './batched.ts';
import { inOrder } from './inOrder.ts';

/** id → entry of the audit log, or null where there is none. */
export const auditLogById = (db: Knex, options: LoaderOptions) =>
  batched<number, AuditLogRow | null>('auditLogById', options, async (keys) =>
    inOrder(keys, await findAuditLogsByIds(db, keys), (row) => row.id),
  );
