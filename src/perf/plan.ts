import { postgresPlan } from './postgresPlan.ts';
import { sqlitePlan } from './sqlitePlan.ts';

/** What a step of a plan does, whatever the database calls it. */
export const planNodeKinds = [
  'full_scan',
  'index_scan',
  'index_search',
  'text_search',
  'rows',
  'join',
  'sort',
  'aggregate',
  'limit',
  'subquery',
  'union',
  'other',
] as const;

export type PlanNodeKind = (typeof planNodeKinds)[number];

/** A step of a plan, and the steps that it takes its rows from. */
export interface PlanNode {
  kind: PlanNodeKind;
  /** The step in the database's own words, without values. */
  text: string;
  table: string | null;
  index: string | null;
  /** Whether the index alone answers, so that the table is not read. */
  indexOnly: boolean;
  /** What rows have to fulfil, its values replaced by `?`. SQLite tells only what the index is searched by. */
  condition: string | null;
  /** Null where the database does not tell, which SQLite never does. */
  estimatedRows: number | null;
  /** In the database's own unit, good to compare alone. */
  estimatedCost: number | null;
  children: PlanNode[];
}

/** A line of SQLite's `EXPLAIN QUERY PLAN`. */
export interface SqlitePlanRow {
  id: number;
  parent: number;
  detail: string;
}

/** What a database answered to EXPLAIN. */
export type DatabasePlan =
  | { database: 'sqlite'; rows: readonly SqlitePlanRow[] }
  | { database: 'postgres'; json: unknown };

/** The plan of a statement as a tree; SQLite's has several roots, one after the other. */
export function planTree(plan: DatabasePlan, sql: string): PlanNode[] {
  return plan.database === 'sqlite' ? sqlitePlan(plan.rows, sql) : postgresPlan(plan.json);
}

/** The tree as a list, each step with its depth, parents first. */
export function stepsOf(
  nodes: readonly PlanNode[],
  depth = 0,
): { node: PlanNode; depth: number }[] {
  return nodes.flatMap((node) => [{ node, depth }, ...stepsOf(node.children, depth + 1)]);
}
