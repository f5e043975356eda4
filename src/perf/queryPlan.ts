import { type DatabasePlan, type PlanNode, planTree, stepsOf } from './plan.ts';
import { type PlanReading, readingsOf, type StatementFacts } from './planReading.ts';

/** The plan of a statement, as it is shown. */
export interface QueryPlan {
  takenAt: Date;
  /** The steps with their depth, parents first. */
  steps: { node: PlanNode; depth: number }[];
  readings: PlanReading[];
  /** What the database expects of the whole statement; null where it does not tell. */
  estimatedRows: number | null;
  estimatedCost: number | null;
}

export function queryPlan(plan: DatabasePlan, facts: StatementFacts, takenAt: Date): QueryPlan {
  const roots = planTree(plan, facts.sql);
  return {
    takenAt,
    steps: stepsOf(roots),
    readings: readingsOf(plan, facts),
    estimatedRows: roots[0]?.estimatedRows ?? null,
    estimatedCost: roots[0]?.estimatedCost ?? null,
  };
}
