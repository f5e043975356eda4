/** The first words of SQL that have a name of their own in figures: so many, whatever is sent. */
const verbs = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'WITH',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
] as const;

/** What a statement does, by its first word. */
export function verbOf(sql: string): string {
  const start = sql.slice(0, 8).toUpperCase();
  return verbs.find((verb) => start.startsWith(verb)) ?? 'OTHER';
}
