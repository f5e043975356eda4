/** A name as SQL text has it: in quotes where it needs them. */
export const identifier = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

/**
 * The same for a raw statement of Knex, which takes a question mark for a value unless a backslash is
 * before it. Only for names that the catalogue has.
 */
export const rawIdentifier = (name: string): string =>
  `"${name.replaceAll('"', '""')}"`.replaceAll('?', '\\?');
