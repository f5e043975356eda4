import type { Knex } from 'knex';
import { select } from './client.ts';

/** How often a process sent which statement, as it wrote it down at some moment. */
export interface LedgerRow {
  process_id: string;
  /** The moment, counted in turns of all processes' clocks. */
  tick: number;
  /** JSON. */
  counts: string;
  is_closed: boolean;
  written_at: string;
}

export async function upsertLedger(db: Knex, ledger: LedgerRow): Promise<void> {
  await db('statement_ledgers').insert(ledger).onConflict('process_id').merge();
}

export async function findOtherLedgers(db: Knex, processId: string): Promise<LedgerRow[]> {
  const rows: (Omit<LedgerRow, 'counts'> & { counts: unknown })[] = await db('statement_ledgers')
    .select('process_id', 'tick', 'counts', 'is_closed', 'written_at')
    .whereNot('process_id', processId);
  return rows.map((row) => ({
    ...row,
    // PostgreSQL's driver has read its JSON already.
    counts: typeof row.counts === 'string' ? row.counts : JSON.stringify(row.counts),
    is_closed: Boolean(row.is_closed),
  }));
}

export async function deleteOldLedgers(db: Knex, before: string): Promise<number> {
  return db('statement_ledgers').where('written_at', '<', before).delete();
}

/** What PostgreSQL counted of one statement. */
export interface CountedStatement {
  query: string;
  calls: number;
  rows: number;
}

export interface CountedStatements {
  /** Another one after its counts were reset, or when it forgot some for want of room. */
  epoch: string;
  statements: CountedStatement[];
}

/** What is reconciled: reads and writes of the service, not transactions, nor what migrates. */
export const isReconciled = (sql: string): boolean =>
  /^\s*(select|insert|update|delete|with)\b/i.test(sql) && !sql.includes('knex_migrations');

/** All that this role sent to this database; null where the extension is not installed. */
export async function findCountedStatements(db: Knex): Promise<CountedStatements | null> {
  const installed = await select(
    db,
    "SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements'",
  );
  if (installed.length === 0) return null;
  const statements = await select<CountedStatement>(
    db,
    `SELECT query, calls, rows FROM pg_stat_statements
      WHERE toplevel AND userid = (SELECT oid FROM pg_roles WHERE rolname = current_user)
        AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  const [info] = await select<{ epoch: string }>(
    db,
    "SELECT dealloc || ' ' || stats_reset AS epoch FROM pg_stat_statements_info",
  );
  return { epoch: info?.epoch ?? '', statements };
}
