import { type IndexAdvice, indexFaults } from '../administration/indexAdvice.ts';
import type { IndexReport, UsedIndex } from '../administration/indexReport.ts';
import { type IndexKey, indexConstraints } from '../db/catalogue/catalogue.ts';
import { AdviceLevel } from './adviceLevel.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';
import { Performance } from './performance.ts';

const IndexKeyType = builder.objectRef<IndexKey>('DatabaseIndexKey').implement({
  description: 'What an index is ordered by, in one place of its key.',
  fields: (t) => ({
    expression: t.exposeString('text', {
      description: 'The column, or the expression as the database writes it.',
    }),
    isExpression: t.exposeBoolean('isExpression', {
      description: 'Whether it is not simply a column.',
    }),
    isDescending: t.exposeBoolean('descending', {
      description: 'Whether the highest comes first.',
    }),
    nullsFirst: t.exposeBoolean('nullsFirst', {
      description: 'Whether what has no value comes first.',
    }),
    collation: t.exposeString('collation', {
      nullable: true,
      description: 'By which text is compared; null where it is none.',
    }),
    operatorClass: t.exposeString('operatorClass', {
      nullable: true,
      description: "PostgreSQL's way to compare; null on SQLite.",
    }),
  }),
});

const IndexConstraint = builder.enumType('DatabaseIndexConstraint', {
  description: 'What an index stands for beside being fast.',
  values: enumValues(indexConstraints, {
    primary_key: 'The primary key of its table.',
    unique: 'Columns that are unique.',
    exclusion: 'Rows that must not overlap.',
  }),
});

const DatabaseIndex = builder.objectRef<UsedIndex>('DatabaseIndex').implement({
  description: 'An index, its size and its use.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    table: t.exposeString('table', { description: 'The table that it belongs to.' }),
    method: t.exposeString('method', { description: 'How it is built: `btree`, `gin` and so on.' }),
    keys: t.expose('keys', { type: [IndexKeyType], description: 'What it is ordered by.' }),
    includedColumns: t.exposeStringList('included', {
      description: 'Columns that it holds beside its key.',
    }),
    predicate: t.exposeString('predicate', {
      nullable: true,
      description: 'Which rows it has; null where it has all.',
    }),
    isUnique: t.exposeBoolean('isUnique', { description: 'Whether no two rows have one key.' }),
    constraint: t.expose('constraint', {
      type: IndexConstraint,
      nullable: true,
      description: 'The constraint that it stands for, with which alone it can go.',
    }),
    isValid: t.exposeBoolean('isValid', {
      description: 'Whether reads may use it; not so after a build that failed.',
    }),
    isRequired: t.exposeBoolean('isRequired', {
      description: 'Whether the schema wants it by this name: a migration made it.',
    }),
    definition: t.exposeString('definition', {
      nullable: true,
      description:
        'The statement that makes it; null where it came with its table, and while that is locked.',
    }),
    sizeBytes: t.field({
      type: 'SafeInt',
      description: 'What it takes on disk, in bytes.',
      resolve: ({ sizeBytes }) => sizeBytes(),
    }),
    scans: t.expose('scans', {
      type: 'SafeInt',
      description:
        'How often it was read. On SQLite, which does not count: calls of the statements that this process sent and whose plan uses it.',
    }),
    rowsRead: t.expose('rowsRead', {
      type: 'SafeInt',
      nullable: true,
      description: 'Entries that those scans gave; null on SQLite.',
    }),
    lastScanAt: t.expose('lastScanAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was read last; known from PostgreSQL 16 on.',
    }),
  }),
});

const IndexFault = builder.enumType('IndexFault', {
  description: 'What is wrong with an index.',
  values: enumValues(indexFaults, {
    absent: 'A migration made it, and it is gone.',
    invalid: 'Its build failed: writes keep it up, reads may not use it.',
    duplicate: 'Another index has the same key.',
    redundant: 'Another index begins with its key.',
    unused: 'Nobody read it for long.',
  }),
});

const IndexAdviceType = builder.objectRef<IndexAdvice>('IndexAdvice').implement({
  description: 'What is wrong with an index, and what to do.',
  fields: (t) => ({
    fault: t.expose('fault', { type: IndexFault, description: 'What is wrong.' }),
    level: t.expose('level', { type: AdviceLevel, description: 'How much it matters.' }),
    table: t.exposeString('table', { description: 'The table.' }),
    index: t.exposeString('index', { description: 'The name of the index.' }),
    otherIndex: t.exposeString('otherIndex', {
      nullable: true,
      description: 'The other index that makes it needless.',
    }),
    why: t.exposeString('why', { description: 'Why, for people to read.' }),
    sql: t.exposeString('sql', {
      nullable: true,
      description: 'What to do about it, to paste; null where it is best left alone.',
    }),
  }),
});

const IndexReportType = builder.objectRef<IndexReport>('IndexReport').implement({
  description: 'All indexes of the database, and what is wrong with them.',
  fields: (t) => ({
    countedSince: t.expose('countedSince', {
      type: 'DateTime',
      description:
        "From when on their use is counted: PostgreSQL's statistics, on SQLite the start of this process.",
    }),
    indexes: t.expose('indexes', {
      type: [DatabaseIndex],
      description: 'Every index, by table and name.',
    }),
    advice: t.expose('advice', {
      type: [IndexAdviceType],
      description: 'What is absent, invalid, there twice, begun by another, or unused.',
    }),
  }),
});

builder.objectField(Performance, 'indexes', (t) =>
  t.field({
    type: IndexReportType,
    description: 'Every index with its size and use, and what is wrong with them.',
    resolve: (_performance, _args, { databaseReports }) => databaseReports.indexes(),
  }),
);
