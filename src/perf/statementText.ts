/** An expression without its literals: `(status = 'failed'::text)` becomes `(status = ?)`. */
export function withoutValues(expression: string): string {
  return expression
    .replace(/'(?:[^']|'')*'(::(?:timestamp with(?:out)? time zone|[\w]+)(?:\[\])?)?/g, '?')
    .replace(/(?<![\w$."])-?\d+(?:\.\d+)?(?![\w"])(::\w+)?/g, '?');
}

const notAliases = new Set([
  ...['where', 'on', 'order', 'group', 'limit', 'join', 'cross', 'left', 'inner', 'right', 'full'],
  ...['union', 'having', 'returning', 'window', 'for', 'using', 'natural', 'set', 'offset'],
]);

const source = /\b(?:from|join) (?!lateral\b)(?:\w+\.)?(\w+)\b(?! ?[(.])(?: (?:as )?(\w+))?/gi;

/** The tables that a statement reads, by the name that it gives them. Table functions are none. */
export function tablesOf(sql: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const clause of fromClausesOf(sql)) {
    for (const [, table = '', alias] of clause.matchAll(source)) {
      const hasAlias = alias !== undefined && !notAliases.has(alias.toLowerCase());
      names.set(hasAlias ? alias : table, table);
    }
  }
  return names;
}

const unquoted = (sql: string): string =>
  sql
    .replace(/'(?:[^']|'')*'/g, '?')
    .replace(/["`]/g, '')
    .replace(/\s+/g, ' ');

/** From each FROM to where its conditions or the rest begin. */
const fromClausesOf = (sql: string): string[] =>
  unquoted(sql).match(
    /\bfrom\b.*?(?=\bwhere\b|\border by\b|\bgroup by\b|\blimit\b|\bfrom\b|$)/gi,
  ) ?? [];

/** What a statement asks of a table. */
export interface Wanted {
  /** Columns that are compared with one value or some. */
  equal: string[];
  /** Columns that are compared with a bound. */
  ranged: string[];
  /** Columns that the rows are ordered by, if they are all the table's and no expressions. */
  ordered: string[];
  /** Whether one of several conditions is enough, which one index can't serve. */
  hasAlternatives: boolean;
}

const comparison = /(?<![\w.)])((?:\w+\.)?[a-z_]\w*)(?: ?(<=|>=|[=<>])| (?:in|is null)\b)/gi;

const limitedText = (sql: string): string => unquoted(sql).replace(/<>|!=/g, '#');

/** The conditions of a statement: what stands behind each WHERE and ON. */
const conditionsOf = (sql: string): string[] =>
  limitedText(sql)
    .split(/\b(?:where|on)\b/i)
    .slice(1)
    .map((text) => text.split(/\b(?:order by|group by|limit|select|from)\b/i)[0] ?? '');

const unique = (names: readonly string[]): string[] => [...new Set(names)];

/** The columns of `table` that the conditions and the order of a statement name. */
export function wantedOf(sql: string, table: string): Wanted {
  const tables = tablesOf(sql);
  const isOnlyTable = [...tables.values()].every((other) => other === table) && tables.size > 0;
  const own = (name: string): string[] => {
    const [column = '', alias] = name.split('.').reverse();
    const isOwn = alias === undefined ? isOnlyTable : (tables.get(alias) ?? alias) === table;
    return isOwn && column !== '' && column !== 'rowid' ? [column] : [];
  };
  const conditions = conditionsOf(sql);
  const compared = conditions.flatMap((text) =>
    Array.from(text.matchAll(comparison), ([, name = '', operator = '=']) => ({
      columns: own(name),
      isRange: /[<>]/.test(operator),
    })),
  );
  const equal = unique(compared.flatMap(({ columns, isRange }) => (isRange ? [] : columns)));
  const ranged = unique(compared.flatMap(({ columns, isRange }) => (isRange ? columns : [])));
  return {
    equal,
    ranged: ranged.filter((column) => !equal.includes(column)),
    ordered: orderOf(sql, own),
    hasAlternatives: conditions.some((text) => /\bor\b/i.test(text)),
  };
}

function orderOf(sql: string, own: (name: string) => string[]): string[] {
  const text = /\border by\b([^()]*?)(?:\blimit\b.*|\boffset\b.*|\bfor update\b.*|;|\)|$)/i.exec(
    unquoted(sql),
  );
  const terms = (text?.[1] ?? '').split(',').map((term) => term.trim());
  const parsed = terms.map((term) => /^([\w.]+)(?: (asc|desc))?$/i.exec(term));
  const directions = new Set(parsed.map((term) => (term?.[2] ?? 'asc').toLowerCase()));
  const columns = parsed.flatMap((term) => own(term?.[1] ?? ''));
  return columns.length === terms.length && directions.size === 1 ? columns : [];
}

export const isLimited = (sql: string): boolean => /\blimit\s+\+?[\d?$]/i.test(sql);

export const isGrouped = (sql: string): boolean => /\bgroup by\b|\bdistinct\b|\bunion\b/i.test(sql);
