import { readFile } from 'node:fs/promises';
import sqlite3InitModule, { type Database as WasmDatabase } from '@sqlite.org/sqlite-wasm';
import pg from 'pg';
import type { DatabaseAddress } from '../../src/config.ts';
import type { SentStatement } from '../../src/db/dialect.ts';

/** What a statement made the database do, as the database itself counts. */
export interface Work {
  /** Steps of SQLite's virtual machine; rows that PostgreSQL's plan nodes touched, the discarded too. */
  steps: number;
  /** Pages that PostgreSQL looked at; none on SQLite. */
  pages: number;
}

export interface WorkMeter {
  measure(statement: SentStatement): Promise<Work>;
  close(): Promise<void>;
}

const sqlite3 = await sqlite3InitModule();

/** better-sqlite3 does not tell the steps; the same SQLite, compiled to WebAssembly, does, over a copy. */
async function sqliteMeter(filename: string): Promise<WorkMeter> {
  const { capi, wasm, oo1 } = sqlite3;
  const bytes = await readFile(filename);
  // The file format's read and write versions: 1 says that the copy is not in WAL mode.
  bytes[18] = 1;
  bytes[19] = 1;
  const pointer = wasm.alloc(bytes.byteLength);
  wasm.heap8u().set(bytes, pointer);
  const database: WasmDatabase = new oo1.DB();
  const size = bytes.byteLength;
  capi.sqlite3_deserialize(
    database,
    'main',
    pointer,
    size,
    size,
    capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_RESIZEABLE,
  );
  return {
    async measure({ sql, bindings }) {
      const statement = database.prepare(sql);
      try {
        // Our statements bind text, numbers and nulls alone.
        bindings.forEach((value, index) => {
          statement.bind(index + 1, value as string | number | null);
        });
        while (statement.step());
        const steps = capi.sqlite3_stmt_status(statement, capi.SQLITE_STMTSTATUS_VM_STEP, 0);
        return { steps, pages: 0 };
      } finally {
        statement.finalize();
      }
    },
    async close() {
      database.close();
    },
  };
}

interface PlanNode {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Rows Removed by Join Filter'?: number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}

function rowsTouched(node: PlanNode): number {
  const rows =
    node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0);
  const below = (node.Plans ?? []).map(rowsTouched).reduce((sum, part) => sum + part, 0);
  return rows * node['Actual Loops'] + below;
}

async function postgresMeter(url: string): Promise<WorkMeter> {
  const client = new pg.Client(url);
  await client.connect();
  return {
    async measure({ sql, bindings }) {
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ${sql}`,
        [...bindings],
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      if (!plan) throw new Error(`no plan for ${sql}`);
      return {
        steps: rowsTouched(plan),
        pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
      };
    },
    close: () => client.end(),
  };
}

export const workMeter = (address: DatabaseAddress): Promise<WorkMeter> =>
  address.kind === 'sqlite' ? sqliteMeter(address.filename) : postgresMeter(address.url);
