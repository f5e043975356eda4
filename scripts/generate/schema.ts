import { lexicographicSortSchema, printSchema } from 'graphql';
import { createSchema } from '../../src/schema/index.ts';
import { type GeneratedFile, heading } from './generatedFile.ts';

/** The schema, its types and fields by name, so that a change of it is a small diff. */
export const printedSchema = (): string => printSchema(lexicographicSortSchema(createSchema()));

export const schemaFiles = (): GeneratedFile[] => [
  { path: 'schema.graphql', text: `${heading('#')}\n${printedSchema()}\n` },
];
