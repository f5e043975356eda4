import type { PlanNode, PlanNodeKind, SqlitePlanRow } from './plan.ts';
import { tablesOf } from './statementText.ts';

/** What reads rows: `SEARCH u USING COVERING INDEX idx_users_role (role=?) LEFT-JOIN`. */
const access =
  /^(?<verb>SCAN|SEARCH) (?<table>\S+)(?: USING (?<automatic>AUTOMATIC )?(?:PARTIAL )?(?<covering>COVERING )?(?:INDEX (?<index>[^\s(]+)?|(?<key>INTEGER PRIMARY KEY|PRIMARY KEY)))?(?<virtual> VIRTUAL TABLE INDEX \S*)?(?: ?\((?<condition>.+)\))?/;

/** Other lines, by how they begin. */
const kinds: readonly [RegExp, PlanNodeKind][] = [
  [/^SCAN CONSTANT ROW|^SCAN \d+ CONSTANT ROWS/, 'rows'],
  [/^USE TEMP B-TREE FOR (?:.* OF )?ORDER BY/, 'sort'],
  [/^USE TEMP B-TREE FOR/, 'aggregate'],
  [/^(CO-ROUTINE|MATERIALIZE|(CORRELATED )?(SCALAR|LIST) SUBQUERY|REUSE)/, 'subquery'],
  [/^(COMPOUND QUERY|MERGE|MULTI-INDEX OR)/, 'union'],
];

const plain = (kind: PlanNodeKind, text: string): PlanNode => ({
  kind,
  text,
  table: null,
  index: null,
  indexOnly: false,
  condition: null,
  estimatedRows: null,
  estimatedCost: null,
  children: [],
});

interface Access {
  verb: string;
  table: string;
  automatic?: string;
  covering?: string;
  index?: string;
  virtual?: string;
  condition?: string;
}

function kindOfAccess({ verb, index, covering, virtual }: Access, isStored: boolean): PlanNodeKind {
  if (virtual !== undefined) return isStored ? 'text_search' : 'rows';
  if (verb === 'SEARCH') return 'index_search';
  if (!isStored) return 'rows';
  return index !== undefined || covering !== undefined ? 'index_scan' : 'full_scan';
}

function nodeOf(detail: string, tables: ReadonlyMap<string, string>): PlanNode {
  const known = kinds.find(([pattern]) => pattern.test(detail));
  if (known) return plain(known[1], detail);
  // The groups of the pattern, which the compiler doesn't read.
  const found = access.exec(detail)?.groups as unknown as Access | undefined;
  if (!found) return plain('other', detail);
  const table = tables.get(found.table) ?? null;
  return {
    ...plain(kindOfAccess(found, table !== null), detail),
    table,
    index: found.index ?? null,
    indexOnly: found.covering !== undefined,
    condition: found.virtual === undefined ? (found.condition ?? null) : null,
  };
}

/** SQLite's plan. It names tables as the statement does, so their own names are looked up there. */
export function sqlitePlan(rows: readonly SqlitePlanRow[], sql: string): PlanNode[] {
  const tables = tablesOf(sql);
  const nodes = new Map<number, PlanNode>();
  const roots: PlanNode[] = [];
  for (const { id, parent, detail } of rows) {
    const node = nodeOf(detail, tables);
    nodes.set(id, node);
    const siblings = nodes.get(parent)?.children ?? roots;
    siblings.push(node);
  }
  return roots;
}
