import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { type JobSelection, jobSelection } from '../db/jobSelection.ts';
import { type JobRow, jobColumns } from '../db/jobs.ts';
import { type MetadataRow, metadataColumns } from '../db/metadata.ts';
import { type ShownUser, shownUserColumns } from '../db/users.ts';

/**
 * What a field's resolver reads of its row, for the field's `extensions`. A field that only exposes a
 * column need not say so; for one that says nothing, whole rows are read.
 */
export const reads = <Row>(...columns: (keyof Row & string)[]) => ({ columns });

/** A field whose value is read along with the job, and is then its member of that name. */
export const readAlong = (what: 'user' | 'metadata') => ({ columns: [], readAlong: what });

interface Selected {
  columns: Set<string>;
  /** Whether some field may read any column. */
  isWhole: boolean;
  /** The fields of what is read along, by what it is. */
  along: Map<string, FieldNode[]>;
}

type Fragments = GraphQLResolveInfo['fragments'];

/** The fields of selections, those in fragments too. Conditions are not looked at: at worst too much is read. */
function* fieldsOf(
  selections: readonly (SelectionSetNode | undefined)[],
  fragments: Fragments,
): Generator<FieldNode> {
  for (const selection of selections.flatMap((set) => set?.selections ?? [])) {
    if (selection.kind === Kind.FIELD) yield selection;
    else {
      const inner =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
      yield* fieldsOf([inner?.selectionSet], fragments);
    }
  }
}

const isColumn = (value: unknown): value is string => typeof value === 'string';

/** What is selected of an object type by these fields of its parent. */
function selectedOf(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  fragments: Fragments,
): Selected {
  const selected: Selected = { columns: new Set(), isWhole: false, along: new Map() };
  const fields = type.getFields();
  for (const node of fieldsOf(
    nodes.map(({ selectionSet }) => selectionSet),
    fragments,
  )) {
    const field = fields[node.name.value];
    // `__typename`, and `id`, which is always read.
    if (!field || field.name === 'id') continue;
    const { pothosExposedField, columns, readAlong: along } = field.extensions;
    if (isColumn(along)) selected.along.set(along, [...(selected.along.get(along) ?? []), node]);
    if (isColumn(pothosExposedField)) selected.columns.add(pothosExposedField);
    else if (Array.isArray(columns)) for (const column of columns) selected.columns.add(column);
    else selected.isWhole = true;
  }
  return selected;
}

/** Those that are selected, in one order, behind those that are always read. */
function columnsOf<Column extends string>(
  { columns, isWhole }: Selected,
  all: readonly Column[],
  always: readonly Column[],
): readonly Column[] {
  const others = all.filter((column) => !always.includes(column));
  return [...always, ...(isWhole ? others : others.filter((column) => columns.has(column)))];
}

function objectType({ schema }: GraphQLResolveInfo, name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new TypeError(`${name} is no object type`);
  return type;
}

function selectionOf(info: GraphQLResolveInfo, nodes: readonly FieldNode[]): JobSelection {
  const { fragments } = info;
  const job = selectedOf(objectType(info, 'Job'), nodes, fragments);
  const along = (what: 'user' | 'metadata', type: string): Selected | null => {
    const inner = job.along.get(what);
    return inner ? selectedOf(objectType(info, type), inner, fragments) : null;
  };
  const user = along('user', 'User');
  // To look each up by an index of its own, for the id that the job has, would read more than to ask for all at once.
  const isUserNeeded = user !== null && (user.isWhole || user.columns.size > 0);
  const metadata = along('metadata', 'Metadata');
  return jobSelection({
    columns: columnsOf<keyof JobRow>(job, jobColumns, ['id', 'user_id']),
    user: isUserNeeded ? columnsOf<keyof ShownUser>(user, shownUserColumns, ['id']) : null,
    metadata: metadata && columnsOf<keyof MetadataRow>(metadata, metadataColumns, ['job_id']),
  });
}

/** The fields that a path leads to, such as the nodes of a connection. */
function nodesAt(info: GraphQLResolveInfo, path: readonly string[]): readonly FieldNode[] {
  return path.reduce<readonly FieldNode[]>(
    (nodes, name) =>
      [
        ...fieldsOf(
          nodes.map(({ selectionSet }) => selectionSet),
          info.fragments,
        ),
      ].filter((node) => node.name.value === name),
    info.fieldNodes,
  );
}

/** By the first node of a field: a document is kept, and looked through once. */
const selections = new WeakMap<FieldNode, JobSelection>();

/** What an operation selects of the jobs that a field gives, at a path beneath it. */
export function selectedJobs(info: GraphQLResolveInfo, path: readonly string[]): JobSelection {
  const [node] = info.fieldNodes;
  const isOne = info.fieldNodes.length === 1;
  const before = node && isOne ? selections.get(node) : undefined;
  if (before) return before;
  const selection = selectionOf(info, nodesAt(info, path));
  if (node && isOne) selections.set(node, selection);
  return selection;
}
