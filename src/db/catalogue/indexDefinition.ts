/** Quoted text, a comment, or one character: what a parser of SQL has to step over as a whole. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|[\s\S]/g;

interface Definition {
  /** What stands between the commas of the key. */
  keys: string[];
  predicate: string | null;
}

const tidy = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Reads `CREATE INDEX … ON … (keys) WHERE predicate`, since SQLite's catalogue keeps only the text. */
export function parseIndexDefinition(sql: string): Definition {
  const keys = [''];
  let depth = 0;
  let after = '';
  let closed = false;
  for (const [part] of sql.matchAll(token)) {
    if (part.startsWith('--') || part.startsWith('/*')) continue;
    if (closed) after += part;
    else if (part === '(') {
      depth += 1;
      if (depth > 1) keys.push(`${keys.pop() ?? ''}(`);
    } else if (part === ')') {
      depth -= 1;
      if (depth === 0) closed = true;
      else keys.push(`${keys.pop() ?? ''})`);
    } else if (part === ',' && depth === 1) keys.push('');
    else if (depth > 0) keys.push((keys.pop() ?? '') + part);
  }
  const predicate = /^\s*WHERE\s+([\s\S]*)$/i.exec(after)?.[1];
  return { keys: keys.map(tidy), predicate: predicate === undefined ? null : tidy(predicate) };
}

/** An expression of a key, without how it is ordered and compared, which the catalogue tells. */
export const expressionOf = (key: string): string =>
  key.replace(/(\s+COLLATE\s+\S+)?(\s+(ASC|DESC))?$/i, '');
