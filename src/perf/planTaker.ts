import { LRUCache } from 'lru-cache';
import type { TableFacts } from './indexRemedy.ts';
import type { DatabasePlan } from './plan.ts';
import { type QueryPlan, queryPlan } from './queryPlan.ts';

/** A statement that is worth a plan. */
export interface PlannedStatement {
  hash: string;
  /** The text and the values as they were sent; they are held until the plan is taken, and no longer. */
  sql: string;
  bindings: readonly unknown[];
  rowCount: number;
}

export interface PlanTaker {
  /** Asks for the plan of a statement, in the background. Never throws and never waits. */
  take(statement: PlannedStatement): void;
  /** The latest plan of the statements with this fingerprint; null where none was taken. */
  planOf(hash: string): QueryPlan | null;
  /** Takes no more. */
  stop(): void;
}

interface Options {
  clock: () => Date;
  /** Waits between two plans, so that they are taken at a bounded rate. */
  pause: () => Promise<unknown>;
  /** Null for what is not to be explained. */
  explain: (statement: PlannedStatement) => Promise<DatabasePlan | null>;
  tableFacts: () => Promise<ReadonlyMap<string, TableFacts>>;
  /** Told why a plan was not taken. */
  onError: (error: unknown) => void;
}

/** A plan changes with the figures of the tables, so hardly ever. */
const REPEAT_MS = 600_000;

const MAX_QUEUED = 50;
const MAX_PLANS = 500;

export function createPlanTaker({
  clock,
  pause,
  explain,
  tableFacts,
  onError,
}: Options): PlanTaker {
  const queue = new Map<string, PlannedStatement>();
  /** Null where the plan could not be taken, which is not tried again at once. */
  const taken = new LRUCache<string, { at: number; plan: QueryPlan | null }>({ max: MAX_PLANS });
  let running = false;
  let stopped = false;

  async function takeOne(statement: PlannedStatement): Promise<void> {
    const at = clock();
    try {
      const explained = await explain(statement);
      const facts = { sql: statement.sql, returnedRows: statement.rowCount };
      const plan = explained && queryPlan(explained, { ...facts, tables: await tableFacts() }, at);
      taken.set(statement.hash, { at: at.getTime(), plan });
    } catch (error) {
      taken.set(statement.hash, {
        at: at.getTime(),
        plan: taken.get(statement.hash)?.plan ?? null,
      });
      onError(error);
    }
  }

  async function work(): Promise<void> {
    for (const [id, statement] of queue) {
      if (stopped) break;
      await takeOne(statement);
      queue.delete(id);
      await pause();
    }
    running = false;
  }

  return {
    take(statement) {
      const { hash } = statement;
      const last = taken.get(hash);
      const isRecent = last !== undefined && clock().getTime() - last.at < REPEAT_MS;
      if (stopped || isRecent || queue.has(hash) || queue.size >= MAX_QUEUED) return;
      queue.set(hash, statement);
      if (running) return;
      running = true;
      void work();
    },
    planOf: (hash) => taken.get(hash)?.plan ?? null,
    stop() {
      stopped = true;
      queue.clear();
    },
  };
}
