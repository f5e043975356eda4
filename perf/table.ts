/** One column: what it is called, and what a row has in it. */
export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  /** Numbers stand at the right, so that their digits are below each other. */
  isNumber?: boolean;
  /** SQL and the like, which Markdown must not read. */
  isCode?: boolean;
}

/** Clients choose names; none of them may move the cursor or break a line. */
const printable = (text: string): string => text.replace(/\p{C}+|\s+/gu, ' ').trim();

const lengthOf = (text: string): number => [...text].length;

export function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

const GAP = '  ';
/** A column of text is never cut below this. */
const NARROWEST = 12;

/** The widest columns of text give way, until a line fits. */
function fitted(widths: number[], isText: readonly boolean[], width: number): number[] {
  const given = [...widths];
  const lineLength = (): number =>
    given.reduce((sum, column) => sum + column, GAP.length * (given.length - 1));
  while (lineLength() > width) {
    const widest = Math.max(...given.filter((_column, place) => isText[place]), 0);
    if (widest <= NARROWEST) break;
    const place = given.findIndex((column, index) => isText[index] && column === widest);
    given[place] = widest - 1;
  }
  return given;
}

/** Rows below each other, each line within `width` characters. */
export function textTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): string {
  const cells = rows.map((row) => columns.map(({ value }) => printable(value(row))));
  const titles = columns.map(({ title }) => title);
  const widths = fitted(
    titles.map((title, place) =>
      Math.max(lengthOf(title), ...cells.map((line) => lengthOf(line[place] ?? ''))),
    ),
    columns.map(({ isNumber }) => !isNumber),
    width,
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, place) => {
        const shown = cut(text, widths[place] ?? 0);
        const padding = ' '.repeat((widths[place] ?? 0) - lengthOf(shown));
        return columns[place]?.isNumber ? padding + shown : shown + padding;
      })
      .join(GAP)
      .trimEnd();
  const rule = widths.map((column) => '─'.repeat(column)).join(GAP);
  return [line(titles), rule, ...cells.map(line)].join('\n');
}

/** Longer SQL makes a report hard to read; its hash finds the whole in the service. */
const LONGEST_IN_MARKDOWN = 160;

function markdownCell(text: string, isCode: boolean): string {
  const shown = cut(printable(text), LONGEST_IN_MARKDOWN).replaceAll('|', '\\|');
  if (!isCode) return shown.replace(/[`*<>[\]]/g, '\\$&');
  // More backticks than it has itself, so that none of them ends it.
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${shown}${fence}` : `${fence} ${shown} ${fence}`;
}

/** The same rows as Markdown. */
export function markdownTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ isNumber }) => (isNumber ? '---:' : '---'))),
    ...rows.map((row) =>
      line(columns.map(({ value, isCode = false }) => markdownCell(value(row), isCode))),
    ),
  ].join('\n');
}
