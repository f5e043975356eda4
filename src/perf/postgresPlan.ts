import type { PlanNode, PlanNodeKind } from './plan.ts';
import { withoutValues } from './statementText.ts';

/** A node of `EXPLAIN (FORMAT JSON)`, the part of it that is read here. */
interface JsonNode {
  'Node Type': string;
  'Relation Name'?: string;
  Alias?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  'Hash Cond'?: string;
  'Merge Cond'?: string;
  'Join Filter'?: string;
  'TID Cond'?: string;
  Filter?: string;
  'Sort Key'?: string[];
  'Group Key'?: string[];
  'CTE Name'?: string;
  'Function Name'?: string;
  'Total Cost'?: number;
  'Plan Rows'?: number;
  Plans?: JsonNode[];
}

const kinds: Record<string, PlanNodeKind> = {
  'Seq Scan': 'full_scan',
  'Sample Scan': 'full_scan',
  'Index Scan': 'index_search',
  'Index Only Scan': 'index_search',
  'Bitmap Heap Scan': 'index_search',
  'Bitmap Index Scan': 'index_search',
  'Tid Scan': 'index_search',
  'Function Scan': 'rows',
  'Table Function Scan': 'rows',
  'Values Scan': 'rows',
  'WorkTable Scan': 'rows',
  'CTE Scan': 'rows',
  Result: 'rows',
  'Nested Loop': 'join',
  'Hash Join': 'join',
  'Merge Join': 'join',
  Sort: 'sort',
  'Incremental Sort': 'sort',
  Aggregate: 'aggregate',
  Group: 'aggregate',
  Unique: 'aggregate',
  WindowAgg: 'aggregate',
  Limit: 'limit',
  'Subquery Scan': 'subquery',
  Append: 'union',
  'Merge Append': 'union',
  'Recursive Union': 'union',
  SetOp: 'union',
  BitmapAnd: 'union',
  BitmapOr: 'union',
};

const conditions = [
  'Index Cond',
  'TID Cond',
  'Hash Cond',
  'Merge Cond',
  'Join Filter',
  'Filter',
] as const satisfies readonly (keyof JsonNode)[];

function kindOf(node: JsonNode): PlanNodeKind {
  const kind = kinds[node['Node Type']] ?? 'other';
  const isWholeIndex = node['Index Name'] !== undefined && node['Index Cond'] === undefined;
  return kind === 'index_search' && isWholeIndex ? 'index_scan' : kind;
}

/** The node as the text format of EXPLAIN would write it. */
function textOf(node: JsonNode): string {
  const { Alias: alias, 'Relation Name': table, 'Index Name': index } = node;
  const source = table ?? node['CTE Name'] ?? node['Function Name'];
  const parts = [node['Node Type']];
  if (index !== undefined) parts.push(`using ${index}`);
  if (source !== undefined) parts.push(`on ${source}`);
  if (alias !== undefined && alias !== source) parts.push(alias);
  for (const condition of conditions) {
    const written = node[condition];
    if (written !== undefined) parts.push(`${condition}: ${withoutValues(written)}`);
  }
  const keys = node['Sort Key'] ?? node['Group Key'];
  if (keys) parts.push(`by ${withoutValues(keys.join(', '))}`);
  return parts.join(' ');
}

function nodeOf(node: JsonNode): PlanNode {
  const written = conditions.flatMap((condition) => node[condition] ?? []);
  return {
    kind: kindOf(node),
    text: textOf(node),
    table: node['Relation Name'] ?? null,
    index: node['Index Name'] ?? null,
    indexOnly: node['Node Type'] === 'Index Only Scan',
    condition: written.length === 0 ? null : withoutValues(written.join(' AND ')),
    estimatedRows: node['Plan Rows'] ?? null,
    estimatedCost: node['Total Cost'] ?? null,
    children: (node.Plans ?? []).map(nodeOf),
  };
}

const isExplained = (json: unknown): json is [{ Plan: JsonNode }] =>
  Array.isArray(json) && typeof json[0] === 'object' && json[0] !== null && 'Plan' in json[0];

/** PostgreSQL's plan. The values in its conditions are somebody's data and are left out. */
export function postgresPlan(json: unknown): PlanNode[] {
  if (!isExplained(json)) throw new TypeError('This is not what EXPLAIN (FORMAT JSON) answers.');
  return [nodeOf(json[0].Plan)];
}
