import type { GraphQLError } from 'graphql';

/** An error as the client was told of it. */
export interface TracedError {
  message: string;
  /** `jobs.edges[0].node.user`; null where it is no field's. */
  path: string | null;
  /** `line:column` in the operation. */
  locations: readonly string[];
}

/** A list can bring one for each entry. */
const MAX_ERRORS = 10;

const pathOf = (path: GraphQLError['path']): string | null =>
  path
    ?.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1) ?? null;

/** Without what an error holds beside: its stack, and the whole document. */
export const tracedErrors = (errors: readonly GraphQLError[]): TracedError[] =>
  errors.slice(0, MAX_ERRORS).map(({ message, path, locations }) => ({
    message,
    path: pathOf(path),
    locations: (locations ?? []).map(({ line, column }) => `${line}:${column}`),
  }));
