/** What begins a line, wherever it stands. */
const clauses = [
  'SELECT',
  'FROM',
  '(?:(?:LEFT|INNER|CROSS) )?JOIN',
  'WHERE',
  'GROUP BY',
  'ORDER BY',
  'LIMIT',
  'VALUES',
  'SET',
  'ON CONFLICT',
  'RETURNING',
].join('|');

/** Texts, quoted names, and parameters that the planner does not see. */
const leftAlone = `'[^']*'|"[^"]*"|[\`][^\`]*[\`]|\\(SELECT \\$\\d+::\\w+(?:\\[\\])?\\)`;

const token = new RegExp(`${leftAlone}|\\(|\\s*\\)|\\s*\\b(${clauses})\\b`, 'gi');

/** A statement with a line for each clause, and what stands in brackets further in. */
export function formatSql(sql: string): string {
  /** Of each open bracket, whether it has lines of its own. */
  const brackets: boolean[] = [];
  const line = (text: string): string => `\n${'  '.repeat(brackets.length)}${text}`;
  return sql
    .trim()
    .replace(/\s+/g, ' ')
    .replace(token, (text, clause: string | undefined) => {
      if (clause) {
        if (brackets.length > 0) brackets[brackets.length - 1] = true;
        return line(clause);
      }
      if (text === '(') brackets.push(false);
      return text.trimStart() === ')' && brackets.pop() ? line(')') : text;
    })
    .trim()
    .replace(/ $/gm, '')
    .replace(/;?$/, ';');
}
