import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import { filterArguments, requiredArguments, variableTypes } from './arguments.ts';

/** An operation of the walk, and the path through the schema that it takes. */
export interface WalkedOperation {
  /** Such as `jobs.user.jobs` or `users.jobs[JobFilter.status]`: connections are one step. */
  path: string;
  query: string;
  /** Whether the number of rows is asked for by `$size`. */
  isSized: boolean;
}

type Field = GraphQLField<unknown, unknown>;

/** A step from one object to the next: a field, the type it leads to, and how it is written. */
interface Step {
  name: string;
  type: GraphQLObjectType;
  /** The selection, around what is selected of the type. */
  write(inner: string, isFirstList: boolean): string;
  isList: boolean;
}

const isList = (type: GraphQLOutputType): boolean =>
  isNonNullType(type) ? isList(type.ofType) : isListType(type);

const isConnection = (type: GraphQLObjectType): boolean => type.name.endsWith('Connection');

const takes = (field: Field, argument: string): boolean =>
  field.args.some(({ name }) => name === argument);

/** The arguments of a field at a place; throws where a required one is not known. */
function argumentsOf(owner: string, field: Field, key: string, others: string): string {
  const given = requiredArguments[key] ?? '';
  const missing = field.args.filter(
    (argument) => isRequiredArgument(argument) && !given.includes(`${argument.name}:`),
  );
  if (missing.length > 0) {
    throw new Error(
      `The walk does not know what to give for ${owner}.${field.name}(${missing.map(({ name }) => name).join(', ')}): add it to test/walk/arguments.ts`,
    );
  }
  const all = [given, others].filter((text) => text !== '').join(', ');
  return all === '' ? '' : `(${all})`;
}

/** The object that a connection is a list of. */
function nodeTypeOf(connection: GraphQLObjectType): GraphQLObjectType {
  const edge = getNamedType(connection.getFields().edges?.type);
  const node = isObjectType(edge) ? getNamedType(edge.getFields().node?.type) : undefined;
  if (!isObjectType(node)) throw new Error(`${connection.name} has no edges.node`);
  return node;
}

/** The steps from a type by one of its fields: one, or for an interface one for each of its types. */
function stepsOf(
  schema: GraphQLSchema,
  owner: GraphQLObjectType,
  field: Field,
  extra = '',
): Step[] {
  const type = getNamedType(field.type);
  if (isInterfaceType(type)) {
    return schema.getPossibleTypes(type).map((possible) => {
      const name = `${field.name}(${possible.name})`;
      const written = argumentsOf(owner.name, field, `${owner.name}.${name}`, extra);
      return {
        name,
        type: possible,
        isList: isList(field.type),
        write: (inner) => `${field.name}${written} { ... on ${possible.name} { ${inner} } }`,
      };
    });
  }
  if (!isObjectType(type)) return [];
  const sizable = takes(field, 'first');
  const size = (isFirst: boolean): string =>
    [extra, sizable ? `first: ${isFirst ? '$size' : '2'}` : ''].filter(Boolean).join(', ');
  const written = (isFirst: boolean): string =>
    field.name + argumentsOf(owner.name, field, `${owner.name}.${field.name}`, size(isFirst));
  if (!isConnection(type)) {
    return [
      {
        name: field.name,
        type,
        isList: sizable,
        write: (inner, isFirst) => `${written(isFirst)} { ${inner} }`,
      },
    ];
  }
  return [
    {
      name: field.name,
      type: nodeTypeOf(type),
      isList: true,
      write: (inner, isFirst) =>
        `${written(isFirst)} { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { ${inner} } } }`,
    },
  ];
}

/** All that costs nothing to choose: leaves without arguments, those of plain objects included. */
function leavesOf(type: GraphQLObjectType): string {
  const leaves = Object.values(type.getFields())
    .filter((field) => isLeafType(getNamedType(field.type)) && field.args.length === 0)
    .map(({ name }) => name);
  return leaves.length > 0 ? leaves.join(' ') : '__typename';
}

/** A path and how to write it around what is selected at its end. */
interface Walk {
  path: string;
  type: GraphQLObjectType;
  depth: number;
  isSized: boolean;
  write(inner: string): string;
}

function extended(walk: Walk, step: Step): Walk {
  const isFirstList = step.isList && !walk.isSized;
  return {
    path: walk.path === '' ? step.name : `${walk.path}.${step.name}`,
    type: step.type,
    depth: walk.depth + 1,
    isSized: walk.isSized || step.isList,
    write: (inner) => walk.write(step.write(inner, isFirstList)),
  };
}

function operationOf(path: string, isSized: boolean, selection: string): WalkedOperation {
  const used = Object.entries(variableTypes).filter(([name]) =>
    new RegExp(`\\$${name}\\b`).test(selection),
  );
  const declared = used.map(([name, type]) => `$${name}: ${type}`).join(', ');
  return {
    path,
    isSized,
    query: `query Walk${declared === '' ? '' : `(${declared})`} { ${selection} }`,
  };
}

/** The ways to filter and order a connection, each alone. */
function variantsOf(field: Field): { name: string; written: string }[] {
  return field.args.flatMap((argument) => {
    const type = getNamedType(argument.type);
    if (!isInputObjectType(type)) return [];
    if (argument.name === 'orderBy') {
      const column = getNamedType(type.getFields().field?.type);
      const direction = getNamedType(type.getFields().direction?.type);
      if (!isEnumType(column) || !isEnumType(direction)) return [];
      return column.getValues().flatMap((by) =>
        direction.getValues().map((way) => ({
          name: `${by.name} ${way.name}`,
          written: `orderBy: { field: ${by.name}, direction: ${way.name} }`,
        })),
      );
    }
    return Object.keys(type.getFields()).map((name) => {
      const key = `${type.name}.${name}`;
      const written = filterArguments[key];
      if (written === undefined) {
        throw new Error(
          `The walk does not know a value for ${key}: add it to test/walk/arguments.ts`,
        );
      }
      return { name: key, written };
    });
  });
}

/** The operations that end at a type: its leaves, then each leaf with arguments or of a connection. */
function operationsAt(walk: Walk, cameBy: Step | null): WalkedOperation[] {
  const operations: WalkedOperation[] = [];
  if (cameBy) {
    operations.push(operationOf(walk.path, walk.isSized, walk.write(leavesOf(walk.type))));
  }
  for (const field of Object.values(walk.type.getFields())) {
    if (!isLeafType(getNamedType(field.type)) || field.args.length === 0) continue;
    const written =
      field.name + argumentsOf(walk.type.name, field, `${walk.type.name}.${field.name}`, '');
    operations.push(operationOf(`${walk.path}.${field.name}`, walk.isSized, walk.write(written)));
  }
  return operations;
}

/** Operations that end at a connection: its count, and each way to filter and order it. */
function operationsOfConnection(
  schema: GraphQLSchema,
  walk: Walk,
  field: Field,
): WalkedOperation[] {
  const type = getNamedType(field.type);
  if (!isObjectType(type) || !isConnection(type)) return [];
  const path = walk.path === '' ? field.name : `${walk.path}.${field.name}`;
  const key = `${walk.type.name}.${field.name}`;
  const counted = `${field.name}${argumentsOf(walk.type.name, field, key, 'first: 1')} { totalCount }`;
  return [
    operationOf(`${path}.totalCount`, walk.isSized, walk.write(counted)),
    ...variantsOf(field).flatMap(({ name, written }) =>
      stepsOf(schema, walk.type, field, written).map((step) => {
        const end = extended(walk, step);
        return operationOf(`${path}[${name}]`, end.isSized, end.write(leavesOf(end.type)));
      }),
    ),
  ];
}

/**
 * Operations that reach every object field of the schema by every path of so many steps. Filters and
 * orderings are walked where a connection is reached by at most two steps: below, the statement is the
 * same.
 */
export function walkOperations(schema: GraphQLSchema, maxDepth: number): WalkedOperation[] {
  const query = schema.getQueryType();
  if (!query) throw new Error('The schema has no queries');
  const operations: WalkedOperation[] = [];
  const visit = (walk: Walk, cameBy: Step | null): void => {
    operations.push(...operationsAt(walk, cameBy));
    if (walk.depth === maxDepth) return;
    for (const field of Object.values(walk.type.getFields())) {
      if (walk.depth < 2) operations.push(...operationsOfConnection(schema, walk, field));
      for (const step of stepsOf(schema, walk.type, field)) visit(extended(walk, step), step);
    }
  };
  visit({ path: '', type: query, depth: 0, isSized: false, write: (inner) => inner }, null);
  return operations;
}
