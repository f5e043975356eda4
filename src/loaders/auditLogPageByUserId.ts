import {
  type AuditLogPageRequest,
  type AuditLogRow,
  findAuditLogPagesByUserIds,
} from '../db/auditLogs.ts';
import type { Databases } from '../db/client.ts';
import { emptyPage, type Page } from '../db/keyset.ts';
import type { LoaderOptions } from './batched.ts';
import { ofEachParent } from './ofEachParent.ts';

/** user id and what is asked → a page of what the user did. */
export const auditLogPageByUserId = ({ db }: Databases, options: LoaderOptions) =>
  ofEachParent<number, AuditLogPageRequest, Page<AuditLogRow>>(
    'auditLogPageByUserId',
    options,
    (parents, request) => findAuditLogPagesByUserIds(db, parents, request),
    emptyPage,
  );
